"""Make the generated files once for all tests that read them."""

from tests.asking import ROOT
from tools import generate

FILES = generate.files(ROOT)
