import Tuner
