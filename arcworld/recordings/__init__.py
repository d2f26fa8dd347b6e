"""Recordings of play: read four file dialects, return episodes, and cache them packed on disk."""

from arcworld.recordings.check import FileReport, check_paths
from arcworld.recordings.dataset import Dataset, open_dataset
from arcworld.recordings.episode import Action, Episode, Outcome, Step
from arcworld.recordings.novelty import NoveltyIndex
from arcworld.recordings.reader import iter_grids, read_recording
from arcworld.recordings.recording import Problem, Recording
from arcworld.recordings.split import Split
from arcworld.recordings.writer import RecordingWriter

__all__ = [
    "Dataset",
    "Episode",
    "FileReport",
    "Action",
    "Outcome",
    "Problem",
    "Recording",
    "RecordingWriter",
    "NoveltyIndex",
    "Split",
    "Step",
    "check_paths",
    "iter_grids",
    "open_dataset",
    "read_recording",
]
