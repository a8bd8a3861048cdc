"""Pictures with captions: readers, the split by picture, and the words as ids."""

from mmgraph.data.captions.captioned_image import CaptionedImage
from mmgraph.data.captions.coco import read_coco, read_coco_images, read_coco_results
from mmgraph.data.captions.flickr import read_flickr
from mmgraph.data.captions.jsonl import read_jsonl
from mmgraph.data.captions.split import given_split, split_by_image
from mmgraph.data.captions.vocabulary import CaptionVocabulary, TokenizerVocabulary

__all__ = [
    "CaptionVocabulary",
    "CaptionedImage",
    "TokenizerVocabulary",
    "given_split",
    "read_coco",
    "read_coco_images",
    "read_coco_results",
    "read_flickr",
    "read_jsonl",
    "split_by_image",
]
