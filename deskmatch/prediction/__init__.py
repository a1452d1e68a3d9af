"""Models fitted on a desk's history: who resolves a ticket, how long that takes, how long customers wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.prediction.boosted_trees import BoostedTrees
    from deskmatch.prediction.constant import Constant
    from deskmatch.prediction.evaluation import Evaluation, Score, evaluate
    from deskmatch.prediction.historical_rate import HistoricalRate
    from deskmatch.prediction.loading import load_resolution_model
    from deskmatch.prediction.lognormal_time import LognormalTime
    from deskmatch.prediction.no_answer import IsotonicNoAnswer, LogisticNoAnswer, NoAnswerModel, check_no_answer_model
    from deskmatch.prediction.partial_pooling import PartialPooling
    from deskmatch.prediction.patience import PatienceModel, check_patience_model
    from deskmatch.prediction.patience_laws import ExponentialPatience, KaplanMeierPatience, WeibullPatience
    from deskmatch.prediction.proficiency import Proficiency
    from deskmatch.prediction.protocol import ResolutionModel, check_resolution_model
    from deskmatch.prediction.recalibration import Recalibrated
    from deskmatch.prediction.robust import IntervalModel, Robust
    from deskmatch.prediction.service_time import ServiceTimeModel, check_service_time_model
    from deskmatch.prediction.unavoidable import unavoidable_floor

__all__ = [
    "BoostedTrees",
    "Constant",
    "Evaluation",
    "ExponentialPatience",
    "HistoricalRate",
    "IntervalModel",
    "IsotonicNoAnswer",
    "KaplanMeierPatience",
    "LogisticNoAnswer",
    "LognormalTime",
    "NoAnswerModel",
    "PartialPooling",
    "PatienceModel",
    "Proficiency",
    "Recalibrated",
    "ResolutionModel",
    "Robust",
    "Score",
    "ServiceTimeModel",
    "WeibullPatience",
    "check_no_answer_model",
    "check_patience_model",
    "check_resolution_model",
    "check_service_time_model",
    "evaluate",
    "load_resolution_model",
    "unavoidable_floor",
]

_PLACES = {
    "unavoidable_floor": "unavoidable",
    "load_resolution_model": "loading",
    "Recalibrated": "recalibration",
    "evaluate": "evaluation",
    "Score": "evaluation",
    "Evaluation": "evaluation",
    "BoostedTrees": "boosted_trees",
    "Constant": "constant",
    "ExponentialPatience": "patience_laws",
    "HistoricalRate": "historical_rate",
    "IntervalModel": "robust",
    "IsotonicNoAnswer": "no_answer",
    "KaplanMeierPatience": "patience_laws",
    "LogisticNoAnswer": "no_answer",
    "LognormalTime": "lognormal_time",
    "NoAnswerModel": "no_answer",
    "PartialPooling": "partial_pooling",
    "PatienceModel": "patience",
    "Proficiency": "proficiency",
    "ResolutionModel": "protocol",
    "Robust": "robust",
    "ServiceTimeModel": "service_time",
    "WeibullPatience": "patience_laws",
    "check_no_answer_model": "no_answer",
    "check_patience_model": "patience",
    "check_resolution_model": "protocol",
    "check_service_time_model": "service_time",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
