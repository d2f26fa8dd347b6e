"""Goals: what may win a level, how far a frame is from it, and which clicks serve it. No torch.

How a planner uses this:

    goals = GoalTracker()                                   # one a game; share the segmenter if any
    goals.begin(frame_HW, available_actions)                # the first frame
    for belief in goals.order(8):                           # confirmed first, then by probability
        hypothesis = belief.hypothesis
        memory = goals.beliefs.memory(hypothesis)           # where the real play stands
        now = progress(hypothesis, goals.scene, frame_HW, memory)
        # search: a node holds (model state, GoalMemory, path). For each predicted frame:
        then = progress(hypothesis, goals.scene, predicted_HW, node_memory)
        # then.distance: 0 where the goal holds, else about the actions left; then.memory: the
        # child's memory. `proposals(hypothesis, scene, frame_HW)` are the clicks worth trying in a
        # frame (() means: no advice, try one unit a class).
        goals.beliefs.tried(hypothesis)                     # a plan for it starts
        goals.beliefs.missed(hypothesis)                    # it ended, and nothing was won
    goals.observe(step, won_frame_HW)                       # every real step, of any player;
        # won_frame_HW = observation.grids[-2] where the step won a level

Two nodes of a search are equal where their frames without `goals.scene.rim_HW` and their memories
are. `goals.beliefs.explain(belief)` is one line for people. A hypothesis of `connect unseen` never
has distance 0: its clicks along the way are to be tried one by one. The distance of `reach` ends on
the goal itself, whose contact the model cannot know before it happened once.
"""

from arcworld.goals.beliefs import Belief, BeliefConfig, Beliefs
from arcworld.goals.forms import FORMS, generate, progress, proposals, sentence
from arcworld.goals.hypothesis import (
    FAR,
    START,
    ClassKey,
    GoalMemory,
    Hypothesis,
    Progress,
)
from arcworld.goals.prior import Prior, shipped_prior
from arcworld.goals.scene import Evidence, Scene, build_scene
from arcworld.goals.tracker import GoalTracker

__all__ = [
    "FAR",
    "FORMS",
    "START",
    "Belief",
    "BeliefConfig",
    "Beliefs",
    "ClassKey",
    "Evidence",
    "GoalMemory",
    "GoalTracker",
    "Hypothesis",
    "Prior",
    "Progress",
    "Scene",
    "build_scene",
    "generate",
    "progress",
    "proposals",
    "sentence",
    "shipped_prior",
]
