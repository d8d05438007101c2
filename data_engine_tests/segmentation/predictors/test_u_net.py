import torch

from data_engine.segmentation.predictors.u_net import UNet


def test_every_pixel_gets_a_logit() -> None:
    net = UNet(5, (4, 8, 12))
    assert net(torch.zeros(2, 5, 16, 24)).shape == (2, 1, 16, 24)
