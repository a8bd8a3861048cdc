"""Our searches over a language model's steps against transformers' own generate."""

import pytest
import torch

from mmgraph.data.captions.vocabulary import BEGIN, END, FIRST, PAD, UNKNOWN
from mmgraph.heads.language_steps import LanguageSteps, TokenIds
from mmgraph.heads.search import Beam, Greedy, Nucleus, Steps
from tests.heads.language_model import BEGIN_TOKEN, END_TOKEN, TOKENS, gpt2, prompts

IDS = TokenIds(BEGIN_TOKEN, END_TOKEN)
LENGTH = 12


def steps(model, prompt):
    return LanguageSteps(model, model.get_input_embeddings()(prompt), IDS, LENGTH)


def generate(model, prompt, **options):
    begin = torch.full((len(prompt), 1), BEGIN_TOKEN)
    return model.generate(
        torch.cat([prompt, begin], 1),
        attention_mask=torch.ones(len(prompt), prompt.shape[1] + 1),
        max_new_tokens=LENGTH,
        do_sample=False,
        pad_token_id=END_TOKEN,
        output_scores=True,
        return_dict_in_generate=True,
        **options,
    )


def tokens(ids):
    """Ids as transformers writes them: END and all after it are the end token, cut at the longest."""
    found = IDS.tokens(ids)
    longest = int(((ids != PAD).sum(-1)).max())
    return found[..., :longest]


def test_they_follow_the_protocol():
    assert isinstance(steps(gpt2(), prompts()), Steps)


def test_greedy_search_writes_what_transformers_writes():
    model, prompt = gpt2(), prompts(20)
    found = Greedy()(steps(model, prompt)).best
    assert torch.equal(tokens(found), generate(model, prompt).sequences[:, 4:])
    assert 0 < int((found == END).any(1).sum()) < 20


@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("check_every", [1, 4])
def test_beam_search_finds_what_transformers_finds_with_the_same_scores(penalty, check_every):
    model, prompt = gpt2(), prompts(20)
    found = Beam(5, penalty, n_best=3, check_every=check_every)(steps(model, prompt))
    theirs = generate(model, prompt, num_beams=5, length_penalty=penalty, num_return_sequences=3)
    assert torch.equal(tokens(found.ids).flatten(0, 1), theirs.sequences[:, 4:])
    assert torch.allclose(found.scores.flatten(), theirs.sequences_scores, atol=1e-4)


def test_ids_follow_after_the_first_four_and_the_end_token_is_no_word():
    assert IDS.tokens(torch.tensor([BEGIN, END, PAD, FIRST, FIRST + 9])).tolist() == [
        BEGIN_TOKEN,
        END_TOKEN,
        END_TOKEN,
        0,
        9,
    ]
    scores = IDS.scores(torch.arange(1.0, TOKENS + 1))
    assert scores[END] == END_TOKEN + 1
    assert scores[FIRST + 9] == 10
    assert bool(scores[[PAD, BEGIN, UNKNOWN, FIRST + END_TOKEN]].isneginf().all())


def test_samples_of_one_prompt_are_different_and_each_is_likely_as_it_says():
    model, prompt = gpt2(), prompts(2)
    found = Nucleus(1.0, samples=4)(steps(model, prompt))
    assert len(torch.unique(found.ids[0], dim=0)) > 1
    written = IDS.tokens(found.ids)
    with torch.no_grad():
        for b in range(2):
            for n in range(4):
                text = torch.cat([prompt[b], torch.tensor([BEGIN_TOKEN]), written[b, n]])
                logits = IDS.scores(model(text[None]).logits[0, 3:-1]).log_softmax(-1)
                each = logits.gather(1, found.ids[b, n][:, None])[:, 0]
                assert torch.allclose(each[found.ids[b, n] != PAD].sum(), found.scores[b, n], atol=1e-4)
