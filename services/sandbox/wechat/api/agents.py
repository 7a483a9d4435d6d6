"""Who answers in WeChat's own console: `/cgi-bin/customservice/…` and `/customservice/kfaccount/…`."""

from services.sandbox.wechat.api.call import OK, Answer, ApiCall, Endpoint


def agents(call: ApiCall) -> Answer:
    return {"kf_list": [agent.view() for agent in call.asking_app.agents.by_account.values()]}


def online_agents(call: ApiCall) -> Answer:
    return {"kf_online_list": [agent.online_view() for agent in call.asking_app.agents.by_account.values()]}


def add(call: ApiCall) -> Answer:
    fields = call.json_object()
    call.asking_app.agents.add(fields.get("kf_account"), fields.get("nickname"))
    return OK


def remove(call: ApiCall) -> Answer:
    call.asking_app.agents.remove(call.json_object().get("kf_account"))
    return OK


def set_admin(call: ApiCall) -> Answer:
    call.asking_app.agents.set_admin(call.query.get("kf_openid", ""), is_admin=True)
    return OK


def cancel_admin(call: ApiCall) -> Answer:
    call.asking_app.agents.set_admin(call.query.get("kf_openid", ""), is_admin=False)
    return OK


ENDPOINTS = {
    "/cgi-bin/customservice/getkflist": Endpoint("GET", agents),
    "/cgi-bin/customservice/getonlinekflist": Endpoint("GET", online_agents),
    "/customservice/kfaccount/add": Endpoint("POST", add),
    "/customservice/kfaccount/del": Endpoint("POST", remove),
    "/customservice/kfaccount/setadmin": Endpoint("GET", set_admin),
    "/customservice/kfaccount/canceladmin": Endpoint("GET", cancel_admin),
}
