"""The statements: one line each. The first that accepts a tree takes it."""

from sqlml.extensions import Registry
from sqlml.statements.base import Statement
from sqlml.statements.create_model import CreateModel
from sqlml.statements.describe_model import DescribeModel
from sqlml.statements.drop_model import DropModel
from sqlml.statements.explain import Explain
from sqlml.statements.later import Later
from sqlml.statements.prepare import Deallocate, ExecutePrepared, Prepare
from sqlml.statements.query import Query
from sqlml.statements.show_models import ShowModels
from sqlml.statements.train import Train

STATEMENTS: Registry[Statement] = Registry(
    "statement",
    "sqlml.statements",
    [
        CreateModel(),
        Deallocate(),
        DescribeModel(),
        DropModel(),
        ExecutePrepared(),
        Explain(),
        Later(),
        Prepare(),
        ShowModels(),
        Train(),
        Query(),
    ],
)
