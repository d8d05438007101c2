"""A small U-Net that learns from reviewed masks: colours, the four points, the octagon and the clicks, to a soft mask.

Source of the heat map of points: Maninis et al. 2018. Whether a new version is better is measured by its caller on
held-out masks.
"""

import hashlib
import io
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.segmentation.crop import Click, Crop, SoftMask, checked_prompt, crop_of
from data_engine.segmentation.masks import Mask, iou
from data_engine.segmentation.predictors.shapes import octagon
from data_engine.segmentation.simulated_clicks import corrective_click, simulated_points

if TYPE_CHECKING:
    import torch

    Net = torch.nn.Module

SIDE_PX = 96
N_CHANNELS = 7
_WIDTHS = (12, 24, 48, 64)
_FORMAT = 2
#: So many objects are looked at in all, so that hundreds of them take two cores less than a minute.
_MOST_LOOKS, _FEWEST_ROUNDS, _MOST_ROUNDS = 2000, 4, 30
_POINT_PX, _CLICK_PX = 3.0, 3.0


@dataclass(frozen=True, eq=False)
class Reviewed:
    """One reviewed object: `image` (h, w, 3) uint8, `mask` (h, w) bool, not empty."""

    image: NDArray[np.uint8]
    mask: Mask


@dataclass(frozen=True, eq=False)
class MaskNetwork:
    """A trained network: `arrays` are its weights by name, the same for one `version`."""

    arrays: dict[str, NDArray[np.float32]]
    _predict: Callable[[Crop], SoftMask]

    @property
    def version(self) -> str:
        """A fingerprint of the weights."""
        digest = hashlib.sha256(str(_FORMAT).encode())
        for name in sorted(self.arrays):
            digest.update(name.encode() + self.arrays[name].tobytes())
        return f"mask-network-{digest.hexdigest()[:12]}"

    def predict_crop(self, crop: Crop) -> SoftMask:
        """(h, w) in [0, 1], of the crop's size."""
        return self._predict(crop)

    def layers(self) -> "Net":
        """The network itself, in torch: (n, 7, side, side) to logits (n, 1, side, side)."""
        return _filled(self.arrays).eval()

    def exported(self) -> bytes:
        """A file in the ONNX format: `image_and_points` (n, 7, side, side) in, `mask` (n, 1, side, side) out.

        The package `onnx` has to be installed.
        """
        import torch

        net = torch.nn.Sequential(self.layers(), torch.nn.Sigmoid()).eval()
        file = io.BytesIO()
        with warnings.catch_warnings():
            # Torch announces that it will give up this way to write the format, of which the other needs one package
            # more; and that a check of shapes is not written, which are always the same.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
            torch.onnx.export(
                net,
                (torch.zeros(1, N_CHANNELS, SIDE_PX, SIDE_PX),),
                file,  # type: ignore[arg-type]  # It writes to buffers too.
                dynamo=False,
                opset_version=18,
                input_names=["image_and_points"],
                output_names=["mask"],
                dynamic_axes={"image_and_points": {0: "n"}, "mask": {0: "n"}},
            )
        return file.getvalue()

    def to_bytes(self) -> bytes:
        """The weights as the bytes of an .npz file."""
        file = io.BytesIO()
        np.savez_compressed(file, allow_pickle=False, format=np.array(_FORMAT), **self.arrays)
        return file.getvalue()


def network_from_bytes(content: bytes) -> MaskNetwork:
    """The network whose `to_bytes` gave these.

    Raises: InvalidInput for other bytes.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        if int(arrays.pop("format")) != _FORMAT:
            raise ValueError("its format is another one")
        return _network(arrays)
    except (ValueError, KeyError, OSError, RuntimeError, EOFError, zipfile.BadZipFile) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise InvalidInput(f"these are not the weights of a mask network ({said}); train it anew") from error


def train_network(
    reviewed: Sequence[Reviewed], *, seed: int, n_rounds: int | None = None, start: MaskNetwork | None = None
) -> MaskNetwork:
    """Train a network on reviewed masks, with trembling points and simulated clicks on half of them.

    Args:
        reviewed: At least 8 objects; keep others apart to judge it by.
        seed: Of the weights, the order, the mirroring, the trembling and the clicks; the same seed and number of
            threads give the same network.
        n_rounds: How often each object is seen; None for 30 times, and less of more than 66 objects.
        start: The version to go on from; None to start anew.

    Raises: NotEnoughData for fewer objects; InvalidInput for an object without a mask.
    """
    import torch

    if len(reviewed) < 8:
        raise NotEnoughData(f"{len(reviewed)} reviewed masks are too few to train on; give at least 8")
    if n_rounds is None:
        n_rounds = min(max(_MOST_LOOKS // len(reviewed), _FEWEST_ROUNDS), _MOST_ROUNDS)
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = _fresh() if start is None else _filled(start.arrays)
        steps = n_rounds * -(-len(reviewed) // 8)
        optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-4)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=3e-3, total_steps=steps)
        net.train()
        for _ in range(n_rounds):
            order = rng.permutation(len(reviewed))
            for first in range(0, len(order), 8):
                pairs = [_example(reviewed[number], rng) for number in order[first : first + 8].tolist()]
                loss = _loss(net, pairs)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                schedule.step()
    return _network({name: value.detach().numpy().copy() for name, value in net.state_dict().items()})


def network_iou(network: MaskNetwork, held_out: Sequence[Reviewed]) -> float:
    """Mean IoU of what the network makes of the extreme points of masks that it was not trained on.

    Raises: NotEnoughData where there are none.
    """
    if not held_out:
        raise NotEnoughData("there are no held-out masks to judge a network by; keep at least one apart")
    found = []
    for one in held_out:
        crop = _crop(one, simulated_points(one.mask), ())
        found.append(iou(crop.outward(network.predict_crop(crop)), one.mask))
    return float(np.mean(found))


def _crop(one: Reviewed, points: NDArray[np.float64], clicks: tuple[Click, ...]) -> Crop:
    checked, checked_clicks = checked_prompt(one.image, points, clicks)
    return crop_of(one.image, checked, checked_clicks, SIDE_PX)


def _example(one: Reviewed, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the network sees of an object, and the truth: (7, side, side) and (side, side)."""
    points = simulated_points(one.mask, tremor_px=float(rng.uniform(0, 3)), seed=int(rng.integers(2**31)))
    crop = _crop(one, points, ())
    clicks: tuple[Click, ...] = ()
    if rng.random() < 0.5:
        click = corrective_click(crop.outward(octagon(crop)), one.mask)
        clicks = (click,) if click is not None else ()
        crop = _crop(one, points, clicks)
    seen, truth = _channels(crop), _square(crop.inward(one.mask))
    if rng.random() < 0.5:
        seen, truth = seen[:, :, ::-1], truth[:, ::-1]
    return np.ascontiguousarray(seen), np.ascontiguousarray(truth)


def _channels(crop: Crop) -> NDArray[np.float32]:
    """Three of colour, one each of the points, the octagon, the clicks inside and those outside."""
    height, width = crop.pixels.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32) + np.float32(0.5)

    def heat(places: Sequence[Sequence[float]], px: float) -> NDArray[np.float32]:
        around = [np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * px * px)) for x, y in places]
        return np.asarray(np.max([np.zeros_like(rows), *around], axis=0), dtype=np.float32)

    maps = [
        heat(crop.points.tolist(), _POINT_PX),
        octagon(crop),
        heat([click[:2] for click in crop.clicks if click[2]], _CLICK_PX),
        heat([click[:2] for click in crop.clicks if not click[2]], _CLICK_PX),
    ]
    colours = [crop.pixels[:, :, channel].astype(np.float32) / 127.5 - 1 for channel in range(3)]
    return np.stack([_square(values) for values in (*colours, *maps)])


def _square(values: NDArray[np.float32]) -> NDArray[np.float32]:
    import cv2

    return np.asarray(cv2.resize(values, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _loss(net: "Net", pairs: list[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> "torch.Tensor":
    """Cross-entropy and one minus the soft IoU, in equal parts."""
    import torch

    seen, truth = (torch.from_numpy(np.stack([pair[side] for pair in pairs])) for side in (0, 1))
    logits = net(seen)[:, 0]
    soft = torch.sigmoid(logits)
    shared = (soft * truth).sum((1, 2))
    agreement = shared / ((soft + truth).sum((1, 2)) - shared + 1)
    crossed: torch.Tensor = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth)
    return crossed + (1 - agreement).mean()


def _network(arrays: dict[str, NDArray[Any]]) -> MaskNetwork:
    net = _filled(arrays).eval()

    def predict(crop: Crop) -> SoftMask:
        import cv2
        import torch

        with torch.inference_mode():
            soft = torch.sigmoid(net(torch.from_numpy(_channels(crop))[None]))[0, 0].numpy()
        height, width = crop.pixels.shape[:2]
        return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)

    return MaskNetwork(arrays, predict)


def _filled(arrays: dict[str, NDArray[Any]]) -> "Net":
    import torch

    net = _fresh()
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in arrays.items()})
    return net


def _fresh() -> "Net":
    from data_engine.segmentation.predictors.u_net import UNet

    return UNet(N_CHANNELS, _WIDTHS)
