"""The Chalice application: one blueprint per trigger. Queues, schedule and permissions are in infra/."""

from chalice.app import Chalice

from chalicelib.bill import blueprint as bill
from chalicelib.portal import blueprint as portal
from chalicelib.publish import blueprint as publish
from chalicelib.rate import blueprint as rate
from chalicelib.total import blueprint as total

app = Chalice(app_name="callmeter")

for blueprint in (rate, total, publish, bill, portal):
    app.register_blueprint(blueprint)
