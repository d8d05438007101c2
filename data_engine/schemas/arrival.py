"""Schemas of what arrives in batches: raw index, first pass, embeddings, drift.

All tables by name are in the package itself.
"""

import pyarrow as pa

from data_engine.schemas.fields import BATCH, SAMPLE, TIME, optional, required

#: How the error of a raw index row begins that stands for the unread rest of a file.
BREAKS_OFF = "breaks off after"
#: How the error of a row begins that stands for a file of rows, or an archive, in which nothing can be read.
GIVES_NOTHING = "gives nothing"

RAW_INDEX = pa.schema(
    [
        SAMPLE,
        BATCH,
        required("uri", pa.string(), "where it was read: path, or path#row; unique within the corpus"),
        optional("source_id", pa.string(), "the id that the source itself gives, where it gives one"),
        required("media_type", pa.string(), "text/plain, image/png, ..."),
        required("n_bytes", pa.int64(), "size of the content in bytes"),
        required("arrived_at", TIME, "when the source file was last changed"),
        optional("text", pa.string(), "the text; null for images and unreadable samples"),
        optional("width_px", pa.int32(), "image width, turned upright"),
        optional("height_px", pa.int32(), "image height, turned upright"),
        optional("thumbnail", pa.binary(), "JPEG of at most 128 px a side; null for texts and unreadable samples"),
        required("metadata", pa.string(), "the source's other columns as a JSON object"),
        required("is_readable", pa.bool_(), "false when the content could not be decoded"),
        optional("error", pa.string(), "why it is not readable; see BREAKS_OFF and GIVES_NOTHING for lost files"),
    ]
)

FIRST_PASS = pa.schema(
    [
        SAMPLE,
        BATCH,
        required("uri", pa.string(), "the raw sample judged"),
        required("verdict", pa.string(), "kept or rejected"),
        required("reason", pa.string(), "kept, or the rule that rejected it"),
        optional("score", pa.float64(), "what the deciding rule measured"),
        optional("threshold", pa.float64(), "the limit that the score was held against"),
        optional("duplicate_of", pa.string(), "sample_id of the kept twin, for duplicates"),
        optional("n_chars", pa.int64(), "characters"),
        optional("n_words", pa.int64(), "white-space separated words"),
        optional("letter_share", pa.float64(), "share of letters among the non-space characters"),
        optional("language", pa.string(), "ISO 639 code of the most probable language; null where no rule asks for it"),
        optional("junk_score", pa.float64(), "probability of being junk by the small classifier"),
        optional(
            "signals",
            pa.map_(pa.string(), pa.float64()),
            "every score of the rules by its name, those that are off included: signals['stop_words']",
        ),
        optional(
            "minhash", pa.binary(), "126 MinHash values (uint32) and a 64-bit hash of the numbers; kept ones only"
        ),
        optional("sketch", pa.binary(), "64-bit dHash, 32 x 32 luma and 4 x 4 colours of an image; kept ones only"),
    ]
)

EMBEDDINGS = pa.schema(
    [
        SAMPLE,
        BATCH,
        required("embedding", pa.binary(), "float32 bytes, L2 norm 1"),
        required("dim", pa.int32(), "number of values in the embedding"),
        required("encoder_version", pa.string(), "name and fingerprint of the encoder"),
    ]
)

DRIFT_REPORT = pa.schema(
    [
        BATCH,
        optional(
            "cluster",
            pa.int32(),
            "cluster of the tested level; null on the row of the samples that are unlike all known ones, and when "
            "there was not enough data",
        ),
        optional("expected_share", pa.float64(), "share of the reference in this cluster"),
        optional("observed_share", pa.float64(), "share of the batch in this cluster"),
        optional("contribution", pa.float64(), "this cluster's part of the chi-square statistic"),
        optional("p_value", pa.float64(), "of the whole batch, repeated on each row, as are the next three"),
        optional("novelty_p", pa.float64(), "that the batch is as like the other batches as they are to each other"),
        optional("mass_p", pa.float64(), "that the batch has the shares of the clusters of all other batches"),
        optional("centre_p", pa.float64(), "that the mean vector of the batch is that of all other batches"),
        required("n_samples", pa.int64(), "samples of the batch"),
        required("n_reference", pa.int64(), "samples of the reference"),
        required("is_alarm", pa.bool_(), "p_value below the corpus' limit"),
        optional("is_suspect", pa.bool_(), "p_value below the limit for two batches in a row"),
        required(
            "sample_ids",
            pa.list_(pa.string()),
            "up to ten samples of the batch in this cluster; without a cluster, up to a hundred that are unlike all "
            "known ones, the oddest first",
        ),
        required("note", pa.string(), "what was compared, or why it could not be"),
    ]
)
