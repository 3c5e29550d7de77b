"""Visual question answering: a network looks at a picture, reads a question about it, and answers with one word.

    python examples/vqa.py

The model is the course text's (4.4.4): a convolutional `vision_model` for the picture, an Embedding and an LSTM for the
question, both vectors merged, and a softmax over the words. Its sizes are for photographs and 10,000 words. Here the
pictures have 38 × 38 pixels, the generator knows 25 words, and all sizes are smaller to match. In each picture is one
thing, of some shape and colour, at some place; it is asked what shape, what colour or where, in several ways.

Such a softmax adds what the picture says for each word and what the question says for it. That is enough here. Where
the question says what to look at ("what colour is the ring", of two things), a Dense layer must come before it.
Of the answers about new pictures more than 99 % are right; without looking it would be a quarter, without listening a
third.
"""

import argparse

import numpy as np

from jkeras.layers import LSTM, Convolution2D, Dense, Embedding, Flatten, Input, MaxPooling2D, merge
from jkeras.models import Model, Sequential
from jkeras.optimizers import Adam

COLOURS = {"red": (1, 0, 0), "green": (0, 0.8, 0), "blue": (0.1, 0.2, 1), "yellow": (1, 0.9, 0), "white": (1, 1, 1)}
# Whether a point belongs to the shape; x to the right and y downwards, both from -1 to 1 in the square around it.
SHAPES = {
    "ring": lambda x, y: (x**2 + y**2 < 1) & (x**2 + y**2 > 0.25),
    "square": lambda x, y: np.maximum(abs(x), abs(y)) < 0.85,
    "triangle": lambda x, y: (2 * abs(x) < y + 1) & (y < 0.9),
    "cross": lambda x, y: (np.minimum(abs(x), abs(y)) < 0.3) & (np.maximum(abs(x), abs(y)) < 1),
}
PLACES = ("left", "right", "top", "bottom")
QUESTIONS = {
    "colour": ("what colour is it", "what is its colour", "which colour does the thing have"),
    "shape": ("what is it", "what shape is it", "which shape does the thing have"),
    "place": ("where is it", "where do you see it", "at which border is it"),
}
ASKED = sorted({word for questions in QUESTIONS.values() for question in questions for word in question.split()})
WORDS = ["", *COLOURS, *SHAPES, *PLACES, *ASKED]  # number 0 is no word
size = 38  # rows and columns of a picture
length = 6  # words of a question


def encoded(question: str) -> list[int]:
    """Return the numbers of the words; zeros come before a short question."""
    numbers = [WORDS.index(word) for word in question.split()]
    return [0] * (length - len(numbers)) + numbers


def paint(image: np.ndarray, shape: str, colour: str, row: float, col: float, radius: float) -> None:
    """Put a thing into an image ``(3, rows, cols)``; its centre is at `row` and `col`, in pixels."""
    rows, cols = np.mgrid[: image.shape[1], : image.shape[2]]
    image[:, SHAPES[shape]((cols - col) / radius, (rows - row) / radius)] = np.array(COLOURS[colour])[:, None]


def scenes(samples: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Make pictures, a question about each, and the answers.

    Args:
        samples: how many.
        seed: of the generator.

    Returns:
        pictures ``(samples, 3, 38, 38)``; questions ``(samples, 6)``, numbers of words; answers ``(samples, 1)``, too; and
        what each question is about ``(samples,)``, from `QUESTIONS`.
    """
    random = np.random.RandomState(seed)
    pictures = np.full((samples, 3, size, size), 0.2, "float32")
    questions, answers, topics = [], [], []
    for picture in pictures:
        scene = {
            key: random.choice(list(values)) for key, values in zip(QUESTIONS, (COLOURS, SHAPES, PLACES), strict=True)
        }
        near, anywhere = random.randint(7, 10), random.randint(12, size - 12)  # distances from the border
        row, col = {
            "left": (anywhere, near),
            "right": (anywhere, size - 1 - near),
            "top": (near, anywhere),
            "bottom": (size - 1 - near, anywhere),
        }[scene["place"]]
        paint(picture, scene["shape"], scene["colour"], row, col, radius=random.uniform(5, 7))
        topic = random.choice(list(QUESTIONS))
        topics.append(topic)
        questions.append(encoded(random.choice(QUESTIONS[topic])))
        answers.append([WORDS.index(scene[topic])])
    pictures += random.normal(scale=0.05, size=pictures.shape)
    return pictures, np.array(questions), np.array(answers), np.array(topics)


def build_vision_model(filters: int) -> Sequential:
    """Return the network that makes a vector of a picture; the text's has 64 `filters`, for 224 × 224 pixels."""
    vision_model = Sequential()
    vision_model.add(Convolution2D(filters, 3, 3, activation="relu", border_mode="same", input_shape=(3, size, size)))
    vision_model.add(Convolution2D(filters, 3, 3, activation="relu"))
    vision_model.add(MaxPooling2D((2, 2)))
    vision_model.add(Convolution2D(2 * filters, 3, 3, activation="relu", border_mode="same"))
    vision_model.add(Convolution2D(2 * filters, 3, 3, activation="relu"))
    vision_model.add(MaxPooling2D((2, 2)))
    vision_model.add(Convolution2D(4 * filters, 3, 3, activation="relu", border_mode="same"))
    vision_model.add(Convolution2D(4 * filters, 3, 3, activation="relu"))
    vision_model.add(Convolution2D(4 * filters, 3, 3, activation="relu"))
    vision_model.add(MaxPooling2D((2, 2)))
    vision_model.add(Flatten())
    return vision_model


def build(filters: int, lr: float = 0.001) -> tuple[Model, Sequential, Model]:
    """Return the compiled model, and of its parts the vision model and the encoder of questions."""
    vision_model = build_vision_model(filters)
    image_input = Input(shape=(3, size, size))
    encoded_image = vision_model(image_input)

    question_input = Input(shape=(length,), dtype="int32")
    embedded_question = Embedding(input_dim=len(WORDS), output_dim=16, input_length=length)(question_input)
    encoded_question = LSTM(32)(embedded_question)
    question_encoder = Model(input=question_input, output=encoded_question)

    merged = merge([encoded_question, encoded_image], mode="concat")
    output = Dense(len(WORDS), activation="softmax")(merged)
    vqa_model = Model(input=[image_input, question_input], output=output)
    vqa_model.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(lr=lr), metrics=["accuracy"])
    return vqa_model, vision_model, question_encoder


def report(model: Model, seen: np.ndarray, questions: np.ndarray, answers: np.ndarray, topics: np.ndarray) -> float:
    """Print how often the answers to `questions` about `seen` are right, and what guessing would reach; return the former."""
    words = model.predict([seen, questions]).argmax(axis=-1)
    right = words == answers[:, 0]
    by_topic = {str(topic): right[topics == topic].mean() for topic in np.unique(topics)}
    print(f"\n{len(seen)} new ones: accuracy {right.mean():.2%}")
    print("by question: " + ", ".join(f"{topic} {share:.2%}" for topic, share in by_topic.items()))

    # Who does not look knows what is asked, and says the most frequent answer. Who does not listen has seen everything, and
    # answers the question that is asked most.
    blind = sum(np.bincount(answers[topics == topic, 0]).max() for topic in by_topic) / len(answers)
    deaf = max(np.mean(topics == topic) for topic in by_topic)
    print(f"at best without looking {blind:.2%}, without listening {deaf:.2%}")

    others = model.predict([np.roll(seen, 1, axis=0), questions]).argmax(axis=-1)
    print(f"the model, shown another one than the question is about: {np.mean(others == answers[:, 0]):.2%}")
    return float(right.mean())


def main() -> float:
    """Train, report the accuracy on new scenes, and return it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--filters", type=int, default=12)
    parser.add_argument("--batch", type=int, default=32, help="scenes to an update")
    parser.add_argument("--lr", type=float, default=0.001)
    parser.add_argument("--new", type=int, default=1000, help="scenes to test on")
    parser.add_argument("--seed", type=int, default=1337)
    arguments = parser.parse_args()

    np.random.seed(arguments.seed)
    pictures, questions, answers, _ = scenes(arguments.scenes, seed=arguments.seed)
    vqa_model, _, _ = build(arguments.filters, arguments.lr)
    vqa_model.summary()
    vqa_model.fit([pictures, questions], answers, batch_size=arguments.batch, nb_epoch=arguments.epochs, verbose=2)
    return report(vqa_model, *scenes(arguments.new, seed=arguments.seed + 1))


if __name__ == "__main__":
    main()
