"""Chapter 4.4.4: visual question answering: a picture and a question about it go in, one of 1000 words comes out.

    python examples/seed/s4_4_4_vqa.py

The model is at the text's full size: 165 million weights, most of them in the last layer. There are no photographs here, so
it learns a few random pictures, questions and answers by heart. On generated scenes it answers new questions:
examples/vqa.py.
"""

import argparse

import numpy as np

from jkeras.layers import LSTM, Convolution2D, Dense, Embedding, Flatten, Input, MaxPooling2D, merge
from jkeras.models import Model, Sequential
from jkeras.optimizers import SGD

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--side", type=int, default=224, help="of the pictures; the text's is 224")
parser.add_argument("--pictures", type=int, default=4)
parser.add_argument("--epochs", type=int, default=4)
arguments = parser.parse_args()
side = arguments.side

np.random.seed(1337)

# first, let's define a vision model using a Sequential model.
# this model will encode an image into a vector.
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

# now let's get a tensor with the output of our vision model:
image_input = Input(shape=(3, side, side))
encoded_image = vision_model(image_input)

# next, let's define a language model to encode the question into a vector.
# each question will be at most 100 word long, and we will index words as integers from 1 to 9999.
question_input = Input(shape=(100,), dtype="int32")
embedded_question = Embedding(input_dim=10000, output_dim=256, input_length=100)(question_input)
encoded_question = LSTM(256)(embedded_question)

# let's concatenate the question vector and the image vector:
merged = merge([encoded_question, encoded_image], mode="concat")

# and let's train a logistic regression over 1000 words on top:
output = Dense(1000, activation="softmax")(merged)

# this is our final model:
vqa_model = Model(input=[image_input, question_input], output=output)

left = (((side - 2) // 2 - 2) // 2 - 4) // 2  # 25 of 224: what convolutions without padding and pooling leave
assert vision_model.output_shape == (None, 256 * left * left)
assert vqa_model.output_shape == (None, 1000)
language = 10000 * 256 + 4 * (256 + 256 + 1) * 256
assert vqa_model.count_params() == vision_model.count_params() + language + (256 + 256 * left * left + 1) * 1000

# the next stage would be training this model on actual data. (The text stops here.)
pictures = np.random.random((arguments.pictures, 3, side, side))
questions = np.random.randint(1, 10000, size=(arguments.pictures, 100))
answers = np.random.randint(1000, size=(arguments.pictures, 1))
vqa_model.compile(optimizer=SGD(lr=0.001), loss="sparse_categorical_crossentropy")
log = vqa_model.fit([pictures, questions], answers, batch_size=2, nb_epoch=arguments.epochs, verbose=2)

first, last = log.history["loss"][0], log.history["loss"][-1]
assert last < first
print(
    f"{vqa_model.count_params():,} weights; training loss on {arguments.pictures} random pictures of {side} x {side}: "
    f"{first:.4f} -> {last:.4f}"
)
