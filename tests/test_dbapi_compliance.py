"""The public compliance suite of PEP 249, all of it; two of its tests say that a driver has to write them itself."""

from __future__ import annotations

import dbapi20
import pytest

import sqlml


class TestCompliance(dbapi20.DatabaseAPI20Test):
    """With autocommit off, as PEP 249 has it."""

    driver = sqlml
    connect_kw_args = {"autocommit": False}

    @classmethod
    def setUpClass(cls):
        cls.connect_args = (":memory:compliance",)
        # The suite connects anew in each test and once more in its tearDown: to the same database.
        cls.keeper = sqlml.connect(*cls.connect_args)

    @classmethod
    def tearDownClass(cls):
        cls.keeper.close()

    def test_nextset(self):
        # "Drivers need to override this test."
        con = self._connect()
        cur = con.cursor()
        with pytest.raises(sqlml.ProgrammingError):
            cur.nextset()
        cur.execute("SELECT 1; SELECT * FROM range(3)")
        assert cur.fetchone() == (0,)
        assert cur.nextset() is None
        with pytest.raises(sqlml.ProgrammingError):
            cur.fetchone()
        con.close()

    def test_setoutputsize(self):
        # "Driver needed to override this test."
        con = self._connect()
        cur = con.cursor()
        cur.setoutputsize(10)
        cur.execute("SELECT repeat('x', 1000000)")
        assert cur.fetchone() == ("x" * 1_000_000,)
        con.close()


def test_all_of_it_is_run():
    own = {name for name in vars(TestCompliance) if name.startswith("test_")}
    theirs = {name for name in dir(dbapi20.DatabaseAPI20Test) if name.startswith("test_")}
    assert own == {"test_nextset", "test_setoutputsize"}
    assert len(theirs) == 36
