"""Sounds: clips that files are cut into, or sounds that rows hold, read again wherever they are listened to."""

from data_engine.modalities.modality import Modality

MODALITY = Modality(
    name="audio",
    sample="a clip of a sound, whose samples are read again from the source",
    one="a sound",
    plural="sounds",
    kinds=("audio", "folder", "jsonl", "csv", "parquet", "webdataset", "huggingface"),
    form="data_engine.indexing.forms:MEDIA",
    look="data_engine.indexing.sounds.looking:look_at_sounds",
    endings=("wav", "flac", "ogg", "oga", "opus", "mp3", "aiff", "aif", "au", "caf"),
    is_read_again=True,
    defaults={
        "encoder": "log-mel-statistics",
        "source": {"max_sample_bytes": 20_000_000},
        "first_pass": {"near_duplicate_similarity": 0.05},
    },
    hint="near_duplicate_similarity: 0.05",
    rules="data_engine.filtering.rules.media.sound_rules:SOUND_RULES",
    looks="data_engine.filtering.rules.media.sound_look:looks",
    near_duplicates="data_engine.filtering.near_sounds:NEAR",
    encoders="data_engine.embedding.sounds:SOUND_ENCODERS",
    without_weights="log-mel-statistics",
    items="data_engine.sound.showing:clips_for_encoder",
    has_image=True,
    image="data_engine.sound.showing:shown_sound",
    player="data_engine.sound.showing:played_sound",
    formats=("hf", "webdataset", "audiofolder"),
    file_endings={"audio/mpeg": "mp3"},
    load_file="""import soundfile

first, rate = soundfile.read(path_of[samples["sample_id"][0]])  # (samples, channels), samples a second""",
    extra="audio",
    packages=("soundfile", "soxr"),
)
