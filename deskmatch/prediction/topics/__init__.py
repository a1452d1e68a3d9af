"""What a ticket is about: classifiers from rules to a fine-tuned transformer, trained on a desk's own history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.prediction.topics.cascade import Cascade, Step
    from deskmatch.prediction.topics.categories import CategoryRules
    from deskmatch.prediction.topics.classifiers import EmbeddingClassifier, TfidfClassifier
    from deskmatch.prediction.topics.drift import DriftReport, drift_report
    from deskmatch.prediction.topics.filling import fill_topics, with_topics
    from deskmatch.prediction.topics.finetuning import FineTuning
    from deskmatch.prediction.topics.fitting import Settings
    from deskmatch.prediction.topics.inquiries import Inquiries
    from deskmatch.prediction.topics.keywords import Keyword, KeywordRules
    from deskmatch.prediction.topics.labels import LabelledTickets, labels_from_history
    from deskmatch.prediction.topics.language import detect_languages, with_languages
    from deskmatch.prediction.topics.loading import load_classifier
    from deskmatch.prediction.topics.masking import Masking
    from deskmatch.prediction.topics.preparing import Preparation
    from deskmatch.prediction.topics.protocol import TopicClassifier, check_topic_classifier
    from deskmatch.prediction.topics.text_classifier import TextClassifier
    from deskmatch.prediction.topics.threads import latest_message
    from deskmatch.prediction.topics.topic_report import TopicReport
    from deskmatch.prediction.topics.training import train_topics
    from deskmatch.prediction.topics.transformer import TransformerClassifier

__all__ = [
    "Cascade",
    "CategoryRules",
    "DriftReport",
    "EmbeddingClassifier",
    "FineTuning",
    "Inquiries",
    "Keyword",
    "KeywordRules",
    "LabelledTickets",
    "Masking",
    "Preparation",
    "Settings",
    "Step",
    "TextClassifier",
    "TfidfClassifier",
    "TopicClassifier",
    "TopicReport",
    "TransformerClassifier",
    "check_topic_classifier",
    "detect_languages",
    "drift_report",
    "fill_topics",
    "labels_from_history",
    "latest_message",
    "load_classifier",
    "train_topics",
    "with_languages",
    "with_topics",
]

_PLACES = {
    "Cascade": "cascade",
    "CategoryRules": "categories",
    "DriftReport": "drift",
    "EmbeddingClassifier": "classifiers",
    "FineTuning": "finetuning",
    "Inquiries": "inquiries",
    "Keyword": "keywords",
    "KeywordRules": "keywords",
    "LabelledTickets": "labels",
    "Masking": "masking",
    "Preparation": "preparing",
    "Settings": "fitting",
    "Step": "cascade",
    "TextClassifier": "text_classifier",
    "TfidfClassifier": "classifiers",
    "TopicClassifier": "protocol",
    "TopicReport": "topic_report",
    "TransformerClassifier": "transformer",
    "check_topic_classifier": "protocol",
    "detect_languages": "language",
    "drift_report": "drift",
    "fill_topics": "filling",
    "labels_from_history": "labels",
    "latest_message": "threads",
    "load_classifier": "loading",
    "train_topics": "training",
    "with_languages": "language",
    "with_topics": "filling",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
