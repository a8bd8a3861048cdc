import torch

from mmgraph.fusion import ProductOfExpertsFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


def test_it_equals_the_precision_weighted_mean_by_hand():
    fusion = ProductOfExpertsFusion(NAMES, WIDTH).double()
    pooled, present = example_input()
    mean, variance = fusion.moments(pooled, present)
    for i in range(7):
        total, weighted = torch.ones(WIDTH, dtype=torch.float64), torch.zeros(WIDTH, dtype=torch.float64)
        for m, name in enumerate(NAMES):
            if bool(present[name][i]):
                precision = 1 / fusion.log_variance[m](pooled[name][i]).exp()
                total, weighted = total + precision, weighted + precision * fusion.mean[m](pooled[name][i])
        assert torch.allclose(mean[i], weighted / total, atol=1e-12)
        assert torch.allclose(variance[i], 1 / total, atol=1e-12)
    assert torch.equal(fusion(pooled, present), mean)


def test_it_is_proportional_to_the_product_of_the_densities():
    fusion = ProductOfExpertsFusion(NAMES, WIDTH).double()
    pooled, present = example_input()
    mean, variance = fusion.moments(pooled, present)
    point = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    log_product = torch.distributions.Normal(0.0, 1.0).log_prob(point).expand(9, WIDTH)
    for m, name in enumerate(NAMES):
        scale = (fusion.log_variance[m](pooled[name][6]) / 2).exp()
        log_product = log_product + torch.distributions.Normal(
            fusion.mean[m](pooled[name][6]), scale
        ).log_prob(point)
    difference = log_product - torch.distributions.Normal(mean[6], variance[6].sqrt()).log_prob(point)
    assert torch.allclose(difference, difference[:1].expand(9, WIDTH), atol=1e-10)


def test_a_very_sure_modality_decides_and_a_very_unsure_one_is_not_heard():
    fusion = ProductOfExpertsFusion(NAMES, WIDTH)
    pooled, present = example_input(dtype=torch.float32)
    for m, bias in enumerate((-1e3, 1e3, 0.0)):
        torch.nn.init.zeros_(fusion.log_variance[m].weight)
        torch.nn.init.constant_(fusion.log_variance[m].bias, bias)
    mean, variance = fusion.moments(pooled, present)
    assert torch.allclose(mean[6], fusion.mean[0](pooled["region"][6]))
    assert torch.equal(variance[6], torch.zeros(WIDTH))
    assert torch.equal(mean[1], torch.zeros(WIDTH))
    assert torch.equal(variance[1], torch.ones(WIDTH))
