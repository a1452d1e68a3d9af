"""What a ticket is about: classifiers from rules to a fine-tuned transformer, trained on a desk's own history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.prediction.topics.cascade import Cascade, Step
    from deskmatch.prediction.topics.categories import CategoryRules
    from deskmatch.prediction.topics.inquiries import Inquiries
    from deskmatch.prediction.topics.keywords import Keyword, KeywordRules
    from deskmatch.prediction.topics.language import detect_languages, with_languages
    from deskmatch.prediction.topics.masking import Masking
    from deskmatch.prediction.topics.protocol import TopicClassifier, check_topic_classifier
    from deskmatch.prediction.topics.threads import latest_message

_PLACES = {
    "Cascade": "cascade",
    "CategoryRules": "categories",
    "Inquiries": "inquiries",
    "Keyword": "keywords",
    "KeywordRules": "keywords",
    "Masking": "masking",
    "Step": "cascade",
    "TopicClassifier": "protocol",
    "check_topic_classifier": "protocol",
    "detect_languages": "language",
    "latest_message": "threads",
    "with_languages": "language",
}

__all__ = [
    "Cascade",
    "CategoryRules",
    "Inquiries",
    "Keyword",
    "KeywordRules",
    "Masking",
    "Step",
    "TopicClassifier",
    "check_topic_classifier",
    "detect_languages",
    "latest_message",
    "with_languages",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
