"""The eight customers of the sample month, and how they use the phone.

Their numbers, and those they call, are from ranges kept for fiction where a country has one: Ofcom (UK),
555-01xx (North America), ACMA (Australia), BNetzA (Germany), ARCEP (France), ComReg (Ireland), PTS (Sweden).
"""

from dataclasses import dataclass

OFFICE = "0 0 0 0 0 0 0 1 5 9 9 8 5 7 9 9 7 4 1 0 0 0 0 0"
HOME = "0 0 0 0 0 0 0 1 2 3 3 3 3 2 2 3 5 7 9 9 7 4 2 1"
SHOP = "0 0 0 0 0 0 1 3 5 6 7 7 7 7 6 6 5 4 2 1 1 0 0 0"
STUDIO = "1 1 0 0 0 1 4 7 6 5 5 5 5 5 5 6 7 6 5 5 4 4 3 2"


@dataclass(frozen=True)
class Customer:
    """A row of accounts.csv and the habits behind its calls.

    `hours`: how busy each local hour is; `weekend`: how busy a Saturday or Sunday is against a weekday;
    `inbound`: share of calls that come in; `median_seconds` of an answered call; `calls` (places called
    and how often); `writes`: how its PBX writes numbers.
    """

    account_id: str
    name: str
    plan: str
    numbers: tuple[str, ...]
    sip_logins: tuple[str, ...]
    currency: str
    timezone: str
    anchor_day: int
    share: int
    hours: str
    weekend: float
    inbound: float
    median_seconds: int
    calls: dict[str, int]
    writes: str = "plus"

    @property
    def email(self) -> str:
        return f"phone@{self.sip_logins[0].split('-')[0]}.example"


CUSTOMERS = (
    Customer(
        "C1001", "Harbour Dental Practice", "payg",
        ("442079460101", "442079460102", "442079460103"), ("harbour-desk", "harbour-surgery"),
        "GBP", "Europe/London", 1, 14, OFFICE, 0.1, 0.45, 95,
        {"london": 40, "uk": 25, "uk-mobile": 60, "service": 4, "freephone": 6, "ireland": 3}, "national",
    ),
    Customer(
        "C1002", "The Okafor family", "family",
        ("442079460217",), ("okafor-home",),
        "GBP", "Europe/London", 15, 12, HOME, 1.4, 0.3, 230,
        {"london": 30, "uk": 45, "uk-mobile": 45, "world": 10, "voting": 6, "service": 4, "freephone": 4},
    ),
    Customer(
        "C1003", "Northgate Joinery Ltd", "business",
        ("441134960301", "441134960302", "448081570303"), ("northgate-office", "northgate-yard"),
        "GBP", "Europe/London", 31, 18, OFFICE, 0.15, 0.35, 120,
        {"uk": 70, "uk-mobile": 80, "london": 20, "service": 6, "freephone": 6, "germany": 8, "ireland": 6},
    ),
    Customer(
        "C1004", "Hudson Freight Brokers", "worldwide",
        ("12125550141", "12125550142", "442079460442"), ("hudson-ny", "hudson-london"),
        "GBP", "America/New_York", 1, 14, OFFICE, 0.1, 0.25, 150,
        {"usa": 70, "london": 20, "uk-mobile": 15, "world": 30, "germany": 12, "sweden": 8, "france": 8},
    ),
    Customer(
        "C1005", "Bondi Surf School", "family",
        ("61255500155", "61491570156"), ("bondi-shop",),
        "GBP", "Australia/Sydney", 28, 10, SHOP, 1.6, 0.5, 110,
        {"australia": 70, "london": 12, "uk-mobile": 12, "uk": 6, "usa": 6, "world": 6}, "00",
    ),
    Customer(
        "C1006", "Seidel Feinmechanik GmbH", "europa",
        ("493023125601", "493023125602"), ("seidel-zentrale", "seidel-werkstatt"),
        "EUR", "Europe/Berlin", 10, 13, OFFICE, 0.05, 0.3, 130,
        {"germany": 70, "germany-mobile": 50, "france": 12, "uk": 8, "sweden": 6, "world": 8},
    ),
    Customer(
        "C1007", "Radio Lomond", "payg",
        ("441414960701", "441414960702", "441414960703"), ("lomond-studio", "lomond-news"),
        "GBP", "", 20, 12, STUDIO, 0.8, 0.4, 80,
        {"uk": 40, "uk-mobile": 50, "voting": 14, "service": 14, "premium": 3, "freephone": 8}, "national",
    ),
    Customer(
        "C1008", "Kessler Import Export", "payg",
        ("441174960801", "441174960802"), ("kessler-1", "kessler-2"),
        "GBP", "Europe/London", 1, 7, OFFICE, 0.05, 0.3, 140,
        {"uk": 40, "uk-mobile": 35, "germany": 12, "france": 8, "world": 12}, "00",
    ),
)  # fmt: skip

HACKED = CUSTOMERS[-1]
HACKED_CALLS = {"satellite": 4, "premium": 4, "dear": 9, "world": 2}

# What each kind of call is dialled to: number without its last digits, and how many of them vary.
RANGES = {
    "london": (("442079460", 3),),
    "uk": (
        ("441134960", 3), ("441144960", 3), ("441154960", 3), ("441164960", 3), ("441174960", 3),
        ("441214960", 3), ("441314960", 3), ("441414960", 3), ("441514960", 3), ("441614960", 3),
        ("441914980", 3), ("442896496", 3), ("442920180", 3), ("441632960", 3), ("443069990", 3),
    ),
    "uk-mobile": (("447700900", 3),),
    "freephone": (("448081570", 3),),
    "service": (("448714960", 3), ("448434960", 3), ("448454960", 3), ("448704960", 3), ("448444960", 3)),
    "voting": (("4490987900", 2), ("4490987901", 2), ("4490987902", 2), ("4490987903", 2)),
    "premium": (("4490987904", 2), ("4490987905", 2), ("449098790", 3)),
    "usa": (("121255501", 2), ("131255501", 2), ("141555501", 2), ("161755501", 2), ("130555501", 2)),
    "australia": (("6125550", 4), ("6127010", 4), ("61491570", 3)),
    "germany": (("493023125", 3), ("496990009", 3), ("494066969", 3), ("4922147", 5)),
    "germany-mobile": (("491713920", 4), ("4917604069", 3)),
    "france": (("3319900", 4), ("3363998", 4)),
    "ireland": (("3532091", 5),),
    "sweden": (("46846500", 3), ("467017406", 2)),
    "satellite": (("88163", 7), ("88216", 8), ("870773", 6)),
}  # fmt: skip

# Regions that friends abroad live in, and those that thieves of telephone minutes dial.
WORLD = (
    *("IN", "PK", "NG", "GH", "PL", "RO", "ES", "IT", "PT", "TR"),
    *("ZA", "KE", "JM", "CA", "NZ", "CN", "HK", "AE", "IL", "BR"),
)
DEAR = ("CU", "SO", "LV", "SL", "MV", "GW", "TN", "PG", "MG", "ST", "NR")
