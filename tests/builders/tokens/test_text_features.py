import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    T5Config,
    T5Model,
)

from mmgraph.builders.tokens.builder import TokenBuilder
from mmgraph.builders.tokens.text_features import TextFeatures
from mmgraph.builders.tokens.tokenizers import as_tokenizer
from mmgraph.errors import InputError
from mmgraph.graph import collate, validate

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "what", "does", "the", "dog", "chase"]
TEXTS = ["what does the dog chase", "the dog", "", "dog", "unheard dog of"]
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}


def word_level(special=True):
    core = Tokenizer(models.WordLevel(dict(zip(PIECES, range(len(PIECES)), strict=True)), unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    if special:
        pairs = [("[CLS]", 2), ("[SEP]", 3)]
        core.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=pairs)
    return PreTrainedTokenizerFast(tokenizer_object=core, unk_token="[UNK]", pad_token="[PAD]")


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    """A tiny random BERT with its tokenizer, in a directory."""
    folder = tmp_path_factory.mktemp("bert")
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=len(PIECES), max_position_embeddings=8, **SIZES)).save_pretrained(folder)
    word_level().save_pretrained(folder)
    return folder


def features(model, tokenizer, texts, **options):
    cut = as_tokenizer(tokenizer)(texts, [str(i) for i in range(len(texts))])
    return TextFeatures(model, tokenizer, **options)(cut, [str(i) for i in range(len(texts))]), cut


def alone(model, tokens):
    """Hidden states of one text without padding, special tokens cut off."""
    if not tokens.model_ids:
        return torch.zeros(0, 16)
    with torch.no_grad():
        hidden = model(input_ids=torch.tensor([tokens.model_ids])).last_hidden_state[0]
    return hidden[torch.tensor(tokens.model_tokens) >= 0]


@pytest.mark.parametrize("batch_size", [1, 2, 32])
@pytest.mark.parametrize("special", [True, False])
def test_features_are_the_hidden_states_of_each_text_alone(bert, batch_size, special):
    model = BertModel.from_pretrained(bert).eval()
    found, cut = features(model, word_level(special), TEXTS, batch_size=batch_size)
    expected = torch.cat([alone(model, tokens) for tokens in cut])
    assert found.shape == (11, 16)
    assert torch.allclose(found, expected, atol=1e-5)
    assert not found.requires_grad


def test_a_name_loads_model_and_tokenizer(bert):
    builder = TokenBuilder(tokenizer=str(bert), features=TextFeatures(str(bert)))
    assert builder.schema.nodes["token"].dim == 16
    graph = validate(builder.batch([*TEXTS, None]))
    model = BertModel.from_pretrained(bert).eval()
    assert torch.allclose(graph.x["token"], features(model, word_level(), TEXTS)[0], atol=1e-5)
    singles = collate([builder(text, str(i)) for i, text in enumerate([*TEXTS, None])])
    assert torch.allclose(graph.x["token"], singles.x["token"], atol=1e-5)
    assert graph.label == singles.label


def test_the_model_reads_only_the_tokens_that_are_kept(bert):
    builder = TokenBuilder(tokenizer=str(bert), features=TextFeatures(str(bert)), max_tokens=2)
    long, short = builder("the dog " * 20), builder("the dog")
    assert torch.allclose(long.x["token"], short.x["token"], atol=1e-6)


def test_the_encoder_of_an_encoder_decoder_is_used():
    config = T5Config(vocab_size=len(PIECES), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    model = T5Model(config)
    found, cut = features(model, word_level(), TEXTS[:2])
    with torch.no_grad():
        expected = model.encoder.eval()(input_ids=torch.tensor([cut[1].model_ids])).last_hidden_state[0, 1:-1]
    assert torch.allclose(found[5:], expected, atol=1e-5)


def test_a_text_longer_than_the_model_is_an_input_error(bert):
    builder = TokenBuilder(tokenizer=str(bert), features=TextFeatures(str(bert)))
    assert builder("the dog " * 3).num_nodes("token") == 6
    with pytest.raises(InputError, match=r"sample 'long' has 9 tokens.*8 positions: pass max_tokens"):
        builder.batch(["dog", "the " * 7], ["short", "long"])


def test_positions_that_roberta_never_uses_do_not_count():
    config = RobertaConfig(vocab_size=len(PIECES), max_position_embeddings=8, pad_token_id=0, **SIZES)
    model = RobertaModel(config)
    assert features(model, word_level(), ["the " * 5])[0].shape == (5, 16)
    with pytest.raises(InputError, match="has 8 tokens"):
        features(model, word_level(), ["the " * 6])


def test_a_model_goes_with_its_own_tokenizer_only(bert):
    text_features = TextFeatures(str(bert))
    for tokenizer in ("words", word_level()):
        with pytest.raises(InputError, match="TextFeatures go with their own tokenizer only"):
            TokenBuilder(tokenizer=tokenizer, features=text_features)
    TokenBuilder(tokenizer=bert, features=text_features)
    tokenizer = word_level()
    TokenBuilder(tokenizer=tokenizer, features=TextFeatures(text_features.model, tokenizer))


def test_models_that_cannot_be_used_are_input_errors(bert, tmp_path):
    with pytest.raises(InputError, match="cannot load"):
        TextFeatures(str(tmp_path))
    with pytest.raises(InputError, match="give its tokenizer as well"):
        TextFeatures(BertModel.from_pretrained(bert))
    with pytest.raises(InputError, match="batch_size=0"):
        TextFeatures(str(bert), batch_size=0)


def test_weights_that_run_code_on_load_are_refused(bert, tmp_path):
    for file in bert.iterdir():
        if file.suffix == ".json":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save(BertModel.from_pretrained(bert).state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="cannot load"):
        TextFeatures(str(tmp_path))
