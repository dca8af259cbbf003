"""The request bodies of the API, field by field.

Source: the API blueprint of UISP CRM (unmscrm.docs.apiary.io), its data structures, copy of 2025-07-27.
"""

from callmeter.local.ucrm.fields import BOOLEAN, DATE, INTEGER, NUMBER, STRING, ListOf, Shape, each

ATTRIBUTE: Shape = {"value": STRING, "customAttributeId": INTEGER}

CONTACT: Shape = {
    **each(STRING, "email phone name"),
    **each(BOOLEAN, "isBilling isContact"),
    "types": ListOf({"name": STRING}),
}

CLIENT: Shape = {
    **each(STRING, "userIdent previousIsp companyName companyRegistrationNumber companyTaxId companyWebsite"),
    **each(STRING, "companyContactFirstName companyContactLastName firstName lastName street1 street2 city"),
    **each(STRING, "zipCode fullAddress invoiceStreet1 invoiceStreet2 invoiceCity invoiceZipCode note"),
    **each(STRING, "username avatarColor referral password"),
    **each(BOOLEAN, "isLead invoiceAddressSameAsContact sendInvoiceByPost stopServiceDue"),
    **each(BOOLEAN, "generateProformaInvoices"),
    **each(INTEGER, "clientType countryId stateId invoiceStateId invoiceCountryId invoiceMaturityDays"),
    **each(INTEGER, "stopServiceDueDays organizationId tax1Id tax2Id tax3Id"),
    **each(NUMBER, "addressGpsLat addressGpsLon"),
    "registrationDate": DATE,
    "contacts": ListOf(CONTACT),
    "attributes": ListOf(ATTRIBUTE),
}

INVOICE_ITEM: Shape = {
    **each(STRING, "label unit"),
    **each(NUMBER, "price quantity"),
    **each(INTEGER, "tax1Id tax2Id tax3Id productId serviceId feeId"),
}

# What an invoice keeps of its organization and client as they were when it was made.
INVOICE_COPIES: Shape = {
    **each(STRING, "organizationName organizationRegistrationNumber organizationTaxId organizationStreet1"),
    **each(STRING, "organizationStreet2 organizationCity organizationZipCode organizationBankAccountName"),
    **each(STRING, "organizationBankAccountField1 organizationBankAccountField2"),
    **each(STRING, "clientFirstName clientLastName clientCompanyName clientCompanyRegistrationNumber"),
    **each(STRING, "clientCompanyTaxId clientStreet1 clientStreet2 clientCity clientZipCode"),
    **each(INTEGER, "organizationCountryId organizationStateId clientCountryId clientStateId"),
}

_INVOICE_FIELDS: Shape = {
    **INVOICE_COPIES,
    **each(STRING, "number notes discountLabel adminNotes"),
    **each(DATE, "createdDate emailSentDate"),
    **each(INTEGER, "maturityDays invoiceTemplateId proformaInvoiceTemplateId"),
    **each(BOOLEAN, "proforma payAutomatically"),
    "discount": NUMBER,
    "items": ListOf(INVOICE_ITEM),
    "attributes": ListOf(ATTRIBUTE),
}
INVOICE_NEW: Shape = {**_INVOICE_FIELDS, **each(BOOLEAN, "applyCredit draft")}
INVOICE_UPDATE: Shape = _INVOICE_FIELDS

CREDIT_NOTE_ITEM: Shape = {
    **each(STRING, "label unit"),
    **each(NUMBER, "price quantity"),
    **each(INTEGER, "tax1Id tax2Id tax3Id"),
}
INVOICE_ITEM_UPDATE: Shape = CREDIT_NOTE_ITEM

CREDIT_NOTE_NEW: Shape = {
    **INVOICE_COPIES,
    **each(STRING, "notes adminNotes"),
    **each(DATE, "createdDate emailSentDate"),
    "creditNoteTemplateId": INTEGER,
    "items": ListOf(CREDIT_NOTE_ITEM),
}
CREDIT_NOTE_UPDATE: Shape = {**CREDIT_NOTE_NEW, "number": STRING}

PLAN: Shape = {
    **each(STRING, "name invoiceLabel servicePlanType defaultServicePlanGroupId"),
    **each(NUMBER, "downloadBurst uploadBurst downloadSpeed uploadSpeed dataUsageLimit downloadSpeedLimited"),
    **each(NUMBER, "uploadSpeedLimited aggregation amountExemptFromTaxation setupFee earlyTerminationFee"),
    **each(INTEGER, "organizationId minimumContractLengthMonths"),
    **each(BOOLEAN, "taxable public prepaid archived"),
    "periods": ListOf({"period": INTEGER, "price": NUMBER, "enabled": BOOLEAN}),
}

_SERVICE_FIELDS: Shape = {
    **each(STRING, "name note invoiceLabel fullAddress street1 street2 city zipCode contractId"),
    **each(STRING, "discountInvoiceLabel fccBlockId servicePlanGroupId"),
    **each(DATE, "activeTo contractEndDate discountFrom discountTo"),
    **each(NUMBER, "price addressGpsLat addressGpsLon discountValue"),
    **each(INTEGER, "servicePlanId servicePlanPeriodId invoicingPeriodType nextInvoicingDayAdjustment"),
    **each(INTEGER, "countryId stateId contractLengthType minimumContractLengthMonths discountType"),
    **each(BOOLEAN, "invoicingSeparately sendEmailsAutomatically useCreditAutomatically"),
    "attributes": ListOf(ATTRIBUTE),
}
SERVICE_NEW: Shape = {
    **_SERVICE_FIELDS,
    **each(DATE, "activeFrom invoicingStart"),
    **each(INTEGER, "invoicingPeriodStartDay tax1Id tax2Id tax3Id"),
    **each(BOOLEAN, "prepaid invoicingProratedSeparately isQuoted"),
    "unmsClientSiteId": STRING,
}
SERVICE_UPDATE: Shape = {**_SERVICE_FIELDS, **each(NUMBER, "setupFeePrice earlyTerminationFeePrice")}
SERVICE_ACTIVATE: Shape = each(DATE, "activeFrom invoicingStart")
SERVICE_SUSPEND: Shape = {"suspensionReasonId": INTEGER}
SUSPENSION_REASON: Shape = {"name": STRING}

SURCHARGE: Shape = {
    **each(STRING, "name invoiceLabel"),
    **each(NUMBER, "priceMonth1 priceMonth2 priceMonth3 priceMonth6 priceMonth12 priceMonth24 pricePerDay"),
    "taxable": BOOLEAN,
}
SERVICE_SURCHARGE: Shape = {"surchargeId": INTEGER, "invoiceLabel": STRING, "price": NUMBER, "taxable": BOOLEAN}
PRODUCT: Shape = {**each(STRING, "name invoiceLabel unit"), "price": NUMBER, "taxable": BOOLEAN}
TAX: Shape = {**each(STRING, "name agencyName"), "rate": NUMBER, "compound": BOOLEAN}

CUSTOM_ATTRIBUTE: Shape = {**each(STRING, "name attributeType type"), "clientZoneVisible": BOOLEAN}
DOCUMENT: Shape = {"clientId": INTEGER, "name": STRING, "file": STRING, "templateId": INTEGER}
CLIENT_LOG: Shape = {"message": STRING, "clientId": INTEGER, "userId": INTEGER, "createdDate": DATE}
NOTHING: Shape = {}
