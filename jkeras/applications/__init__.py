"""Known networks with their trained weights."""

from jkeras.applications.inception_v3 import InceptionV3
from jkeras.applications.resnet50 import ResNet50
from jkeras.applications.vgg16 import VGG16
from jkeras.applications.vgg19 import VGG19
from jkeras.applications.xception import Xception

__all__ = ["VGG16", "VGG19", "InceptionV3", "ResNet50", "Xception"]
