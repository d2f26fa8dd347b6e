"""The models that a viewer can show: the models of a trained run, or the online model.

Both dream beside a game, predict the steps of a recording, and score the legal actions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from arcworld.models.run import Run, from_pretrained
from arcworld.online.model import OnlineWorldModel
from arcworld.play.agent import Agent
from arcworld.play.agents.catalogue import make_agent
from arcworld.play.agents.online import NAME, is_online, make_online_agent
from arcworld.play.dream import Dream
from arcworld.play.observation import Observation
from arcworld.play.online_dream import OnlineDream
from arcworld.tokens.sequence import CodedEpisode, encode_episode
from arcworld.web.online_predictions import OnlineRecording, score_online
from arcworld.web.predictions import ActionScores, StepPredictions, predict_step, score_actions
from arcworld.web.recording_view import RecordingView

type AnyDream = Dream | OnlineDream
type PredictStep = Callable[[int], StepPredictions]
"""Makes the predictions for a step of a recording from its number."""


class RunModel:
    """The tokenizer, world model and policy of a trained run.

    Attributes:
        name, scheme: of the run.
        learns: False: its weights do not change.
        labels: what the two bars of an action show.
    """

    learns = False
    labels = ("P(level won)", "policy")

    def __init__(self, run: Run) -> None:
        self.run, self.name = run, run.name
        self.scheme = str(run.about.get("scheme", ""))

    def trained_on(self, guid: str) -> bool:
        """Whether the run was trained on a recording."""
        return guid in self.run.trained_on()

    def agent(self, seed: int) -> Agent:
        """The agent that plays if no other is named."""
        return make_agent("world-model", seed, run=self.run)

    def dream(self, observation: Observation) -> Dream:
        """A dream that starts at a true frame."""
        return Dream(self.run, observation)

    def scores(self, dream: AnyDream, available: Collection[int]) -> ActionScores:
        """Scores of the actions available in the current frame of a dream of this model."""
        assert isinstance(dream, Dream)
        return score_actions(self.run, dream.now(), available)

    def predict_recording(self, recording_view: RecordingView) -> PredictStep:
        """What predicts the steps of a recording, in any order."""
        coded: dict[int, CodedEpisode] = {}

        def predict(number: int) -> StepPredictions:
            episode, t = recording_view.at(number)
            place = recording_view.places[number][0]
            if place not in coded:
                coded[place] = encode_episode(episode, self.run.tokenizer)
            return predict_step(self.run, coded[place], t, episode.available_actions(t))

        return predict


class OnlineModel:
    """The online model: a new one for each game and each recording, which learns from it alone.

    Attributes:
        learns: True: each step is predicted, then learned, so steps are predicted in order.
    """

    name, scheme = NAME, ""
    learns = True
    labels = ("P(level won)", "confidence")

    def trained_on(self, guid: str) -> bool:
        """Never: it starts from nothing."""
        return False

    def agent(self, seed: int) -> Agent:
        """The agent that plays if no other is named."""
        return make_online_agent(seed)

    def dream(self, observation: Observation) -> OnlineDream:
        """A dream in a model that has learned nothing."""
        return OnlineDream(OnlineWorldModel(), observation)

    def scores(self, dream: AnyDream, available: Collection[int]) -> ActionScores:
        """Scores of the actions available in the current frame of a dream of this model."""
        assert isinstance(dream, OnlineDream)
        return score_online(dream.model, dream.state, available)

    def predict_recording(self, recording_view: RecordingView) -> PredictStep:
        """What predicts the steps of a recording, each once and in order."""
        return OnlineRecording(recording_view).predict


type ViewedModel = RunModel | OnlineModel


def open_model(name: Path) -> ViewedModel:
    """Open a run by folder or name, on a GPU if there is one, or make the online model.

    Raises:
        ArcworldError: there is no such run, or a part of it cannot be used.
    """
    if is_online(name):
        return OnlineModel()
    import torch

    return RunModel(from_pretrained(name).to("cuda" if torch.cuda.is_available() else "cpu"))
