"""`/cgi-bin/media/upload` and `/cgi-bin/media/get`. Mini programs have images only."""

from services.sandbox.wechat.api.call import OK, Answer, ApiCall, Endpoint, File
from services.sandbox.wechat.errcodes import Refused
from services.sandbox.wechat.media import MAX_BYTES, Media, picture_type


def upload(call: ApiCall) -> Answer:
    if call.query.get("type") != "image":
        raise Refused(40004)
    if call.upload is None:
        raise Refused(41005)
    if not call.upload:
        raise Refused(44001)
    if len(call.upload) > MAX_BYTES:
        raise Refused(45001)
    kind = picture_type(call.upload)
    if kind is None:
        raise Refused(40005)
    media = Media(call.world.chance.text(64), call.upload, kind, call.now)
    call.asking_app.media.put(media)
    return {**OK, "type": "image", "media_id": media.media_id, "created_at": int(call.now.timestamp())}


def get(call: ApiCall) -> Answer:
    media = call.asking_app.media.find(call.query.get("media_id", ""), call.now)
    if media is None:
        raise Refused(40007)
    return File(media.data, media.content_type, media.filename)


ENDPOINTS = {
    "/cgi-bin/media/upload": Endpoint("POST", upload),
    "/cgi-bin/media/get": Endpoint("GET", get),
}
