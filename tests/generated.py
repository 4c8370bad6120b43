"""Make the generated files once for all tests that read them."""

from function import generate
from tests.asking import ROOT

FILES = generate.files(ROOT)
