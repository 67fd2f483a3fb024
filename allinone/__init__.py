"""All-in-One Face in Caffe: the library that every command of the kit calls."""
import os

# Caffe reads this when it is imported; every use of Caffe in the kit imports allinone first. 2 = errors only.
os.environ.setdefault("GLOG_minloglevel", "2")
