"""Routes for who runs the service: read the model's folder again, compare with the shadow."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from service import errors
from service.artifact import ArtifactError
from service.errors import ProblemError
from service.models import Models
from service.schemas import Reloaded, ShadowComparison

router = APIRouter(prefix="/admin", tags=["admin"])


@router.post(
    "/reload",
    responses=errors.responses({409: "The artifact was refused; the model in service stays."}),
)
async def reload(request: Request) -> Reloaded:
    """Put the model that is now in the folder in service.

    With several workers this one does so before it answers, the others within seconds.
    """
    models: Models = request.app.state.models
    before = models.classifier.model
    try:
        await run_in_threadpool(models.reload)
    except ArtifactError as error:
        raise ProblemError(409, f"Refused, {before.version} stays: {error}") from None
    after = models.classifier.model
    return Reloaded(model=after, replaced=after != before)


@router.get(
    "/shadow",
    responses=errors.responses({404: "There is no shadow model."}),
)
async def shadow(request: Request) -> ShadowComparison:
    """Tell how often the shadow would have labelled otherwise; with several workers, this one's."""
    models: Models = request.app.state.models
    if models.shadow is None:
        raise ProblemError(404, "There is no shadow model; the setting 'shadow' names its folder.")
    return models.shadow.report(models.classifier.model)
