"""The service of `allinone serve`: what FaceAnalyzer does, over HTTP, and a page for people.

settings    addresses and limits; needs no FastAPI
app         the application: what is asked, who may ask, in which order it is looked at
faces, people_api, about    what is answered at which path
gate        limits of size, time and requests under way
access      tokens, and pages of other sites that must not ask
uploads     the pictures that a request brings
batches     pictures that wait for the net, and the threads that work on them
people, people_files    who is known, and their folder on the disk
static      the page, which needs no other file
"""
