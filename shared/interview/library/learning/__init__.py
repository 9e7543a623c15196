"""Machine learning: examples that sessions collect, and what can be predicted from them (spec/coverage F21).

learners.py    collections of examples, and the classes authors choose a method by
words.py       which class a text belongs to, by its words
methods.py     the methods of scikit-learn, where it is installed
"""
