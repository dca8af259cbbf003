"""The Chalice application: one blueprint per trigger. Queues, schedule and permissions are in infra/."""

from chalice.app import Chalice

from chalicelib.bill import blueprint as bill
from chalicelib.carriers import blueprint as carriers
from chalicelib.collect import blueprint as collect
from chalicelib.operator_status import blueprint as operator_status
from chalicelib.portal import blueprint as portal
from chalicelib.publish import blueprint as publish
from chalicelib.pull import blueprint as pull
from chalicelib.rate import blueprint as rate
from chalicelib.sync import blueprint as sync
from chalicelib.total import blueprint as total
from chalicelib.webhooks import blueprint as webhooks

app = Chalice(app_name="callmeter")

for blueprint in (rate, total, publish, bill, sync, portal, operator_status, webhooks, carriers, collect, pull):
    app.register_blueprint(blueprint)
