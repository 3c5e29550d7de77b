"""Chapter 4.4.5: video question answering: the vision model of 4.4.4 on each of 100 frames, an LSTM over what it saw.

    python examples/seed/s4_4_5_video_qa.py

The model is at the text's full size: 100 frames of 3 x 224 x 224, 169 million weights, none of them trained: the answer to a
question about one clip of random numbers means nothing. The clip of 100 frames is coded ten frames at a time (see below).
On generated clips, and trained: examples/video_qa.py.
"""

import argparse

import numpy as np

import jkeras.backend as K
from jkeras.layers import LSTM, Convolution2D, Dense, Embedding, Flatten, Input, MaxPooling2D, TimeDistributed, merge
from jkeras.models import Model, Sequential

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--side", type=int, default=224, help="of the pictures; the text's is 224")
parser.add_argument("--frames", type=int, default=100)
arguments = parser.parse_args()
side, frames = arguments.side, arguments.frames

np.random.seed(1337)

# The parts of 4.4.4 that are used again: the vision model, and the encoder of questions.
vision_model = Sequential()
vision_model.add(Convolution2D(64, 3, 3, activation="relu", border_mode="same", input_shape=(3, side, side)))
vision_model.add(Convolution2D(64, 3, 3, activation="relu"))
vision_model.add(MaxPooling2D((2, 2)))
vision_model.add(Convolution2D(128, 3, 3, activation="relu", border_mode="same"))
vision_model.add(Convolution2D(128, 3, 3, activation="relu"))
vision_model.add(MaxPooling2D((2, 2)))
vision_model.add(Convolution2D(256, 3, 3, activation="relu", border_mode="same"))
vision_model.add(Convolution2D(256, 3, 3, activation="relu"))
vision_model.add(Convolution2D(256, 3, 3, activation="relu"))
vision_model.add(MaxPooling2D((2, 2)))
vision_model.add(Flatten())

question_input = Input(shape=(100,), dtype="int32")
embedded_question = Embedding(input_dim=10000, output_dim=256, input_length=100)(question_input)
encoded_question = LSTM(256)(embedded_question)

# The listing.
video_input = Input(shape=(frames, 3, side, side))
# this is our video encoded via the previously trained vision_model (weights are reused)
encoded_frame_sequence = TimeDistributed(vision_model)(video_input)  # the output will be a sequence of vectors
encoded_video = LSTM(256)(encoded_frame_sequence)  # the output will be a vector

# this is a model-level representation of the question encoder, reusing the same weights as before:
question_encoder = Model(input=question_input, output=encoded_question)

# let's use it to encode the question:
video_question_input = Input(shape=(100,), dtype="int32")
encoded_video_question = question_encoder(video_question_input)

# and this is our video question answering model:
merged = merge([encoded_video, encoded_video_question], mode="concat")
output = Dense(1000, activation="softmax")(merged)
video_qa_model = Model(input=[video_input, video_question_input], output=output)

assert video_qa_model.output_shape == (None, 1000)
left = (((side - 2) // 2 - 2) // 2 - 4) // 2  # 25 of 224: what convolutions without padding and pooling leave
lstm = 4 * (256 * left * left + 256 + 1) * 256
parts = vision_model.count_params() + question_encoder.count_params() + lstm
assert video_qa_model.count_params() == parts + (2 * 256 + 1) * 1000

# The clip is coded ten frames at a time: all at once, as `predict` of the whole would do it, takes a lot of memory. The rest of
# the model, from the sequence of codes on, is a function by itself.
video = np.random.random((1, frames, 3, side, side)).astype("float32")
question = np.random.randint(1, 10000, size=(1, 100))
codes = vision_model.predict(video[0], batch_size=10)[np.newaxis]  # (1, frames, 160000)
rest = K.function([encoded_frame_sequence, video_question_input], [output])
(answer,) = rest([codes, question])
assert answer.shape == (1, 1000)
assert np.isclose(answer.sum(), 1, atol=1e-4)

# TimeDistributed gives these codes: seen on a clip of two frames.
short = Input(shape=(2, 3, side, side))
pair = Model(input=short, output=TimeDistributed(vision_model)(short)).predict(video[:, :2])
difference = np.abs(pair - codes[:, :2]).max()
assert difference < 1e-4

# The answer depends on the order of the frames and on the question.
by_clip = np.abs(answer - rest([codes[:, ::-1], question])[0]).max()
by_question = np.abs(answer - rest([codes, question[:, ::-1]])[0]).max()
assert by_clip > 1e-7 and by_question > 1e-7
print(
    f"{video_qa_model.count_params():,} weights; a clip of {frames} frames of {side} x {side}: 1000 chances that sum to "
    f"{answer.sum():.4f}, others for the clip backwards (by {by_clip:.0e}) and for another question (by {by_question:.0e})"
)
