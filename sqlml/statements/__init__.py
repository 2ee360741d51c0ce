"""The statements: one line each. The first that accepts a tree takes it."""

from sqlml.extensions import Registry
from sqlml.statements.alter_model import AlterModel
from sqlml.statements.alter_owner import AlterOwner
from sqlml.statements.alter_user import AlterUser
from sqlml.statements.assert_model import AssertModel
from sqlml.statements.base import Statement
from sqlml.statements.copy_model import CopyModel
from sqlml.statements.create_function import CreateFunction
from sqlml.statements.create_model import CreateModel
from sqlml.statements.create_policy import CreatePolicy
from sqlml.statements.create_token import CreateToken
from sqlml.statements.create_user import CreateUser
from sqlml.statements.create_volume import CreateVolume
from sqlml.statements.describe_model import DescribeModel
from sqlml.statements.describe_model_type import DescribeModelType
from sqlml.statements.describe_policy import DescribePolicy
from sqlml.statements.describe_user import DescribeUser
from sqlml.statements.describe_volume import DescribeVolume
from sqlml.statements.diff_model import DiffModel
from sqlml.statements.drop_function import DropFunction
from sqlml.statements.drop_mask import DropMask
from sqlml.statements.drop_model import DropModel
from sqlml.statements.drop_policy import DropPolicy
from sqlml.statements.drop_row_filter import DropRowFilter
from sqlml.statements.drop_token import DropToken
from sqlml.statements.drop_user import DropUser
from sqlml.statements.drop_volume import DropVolume
from sqlml.statements.explain import Explain
from sqlml.statements.explain_model import ExplainModel
from sqlml.statements.export_model import ExportModel
from sqlml.statements.grant import Grant
from sqlml.statements.grant_role import GrantRole
from sqlml.statements.import_model import ImportModel
from sqlml.statements.later import Later
from sqlml.statements.prepare import Deallocate, ExecutePrepared, Prepare
from sqlml.statements.query import Query
from sqlml.statements.reassign_owned import ReassignOwned
from sqlml.statements.refresh_model import RefreshModel
from sqlml.statements.reproduce_model import ReproduceModel
from sqlml.statements.revoke import Revoke
from sqlml.statements.revoke_role import RevokeRole
from sqlml.statements.set_audit import SetAudit
from sqlml.statements.set_mask import SetMask
from sqlml.statements.set_role import SetRole
from sqlml.statements.set_row_filter import SetRowFilter
from sqlml.statements.set_tags import SetTags
from sqlml.statements.show_experiments import ShowExperiments
from sqlml.statements.show_functions import ShowFunctions
from sqlml.statements.show_grants import ShowGrants
from sqlml.statements.show_groups import ShowGroups
from sqlml.statements.show_model_constraints import ShowModelConstraints
from sqlml.statements.show_model_functions import ShowModelFunctions
from sqlml.statements.show_model_types import ShowModelTypes
from sqlml.statements.show_model_versions import ShowModelVersions
from sqlml.statements.show_model_warnings import ShowModelWarnings
from sqlml.statements.show_models import ShowModels
from sqlml.statements.show_models_trained_on import ShowModelsTrainedOn
from sqlml.statements.show_policies import ShowPolicies
from sqlml.statements.show_roles import ShowRoles
from sqlml.statements.show_runs import ShowRuns
from sqlml.statements.show_tags import ShowTags
from sqlml.statements.show_tokens import ShowTokens
from sqlml.statements.show_users import ShowUsers
from sqlml.statements.show_volumes import ShowVolumes
from sqlml.statements.train import Train
from sqlml.statements.unset_tags import UnsetTags
from sqlml.statements.vacuum_models import VacuumModels

STATEMENTS: Registry[Statement] = Registry(
    "statement",
    "sqlml.statements",
    [
        AlterModel(),
        AssertModel(),
        # Of CREATE MODEL it takes what names a file.
        ImportModel(),
        CopyModel(),
        CreateFunction(),
        CreateModel(),
        CreateUser(),
        Deallocate(),
        DescribeModel(),
        DescribeModelType(),
        DiffModel(),
        DropFunction(),
        DropModel(),
        ExecutePrepared(),
        ExplainModel(),
        DropMask(),
        DropRowFilter(),
        SetAudit(),
        SetMask(),
        SetRowFilter(),
        Explain(),
        ExportModel(),
        Grant(),
        Later(),
        AlterOwner(),
        AlterUser(),
        CreateToken(),
        DescribeUser(),
        DropToken(),
        DropUser(),
        UnsetTags(),
        VacuumModels(),
        ShowPolicies(),
        SetTags(),
        DropPolicy(),
        DescribePolicy(),
        CreatePolicy(),
        CreateVolume(),
        DescribeVolume(),
        DropVolume(),
        GrantRole(),
        ReassignOwned(),
        RevokeRole(),
        SetRole(),
        ShowGrants(),
        ShowGroups(),
        ShowRoles(),
        ShowTags(),
        ShowTokens(),
        ShowUsers(),
        ShowVolumes(),
        Prepare(),
        RefreshModel(),
        ReproduceModel(),
        Revoke(),
        ShowExperiments(),
        ShowFunctions(),
        ShowModelConstraints(),
        ShowModelFunctions(),
        ShowModelTypes(),
        ShowModelVersions(),
        ShowModelWarnings(),
        ShowModels(),
        ShowModelsTrainedOn(),
        ShowRuns(),
        Train(),
        Query(),
    ],
)
