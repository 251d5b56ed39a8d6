// Properties of an account's Table service: what analytics is to log and count, and for which pages of other sites
// browsers may ask. They are kept in the settings of the database that holds the tables. What analytics says is kept and
// told, and changes nothing: this server's own log and metrics are configured elsewhere.
// Sources: "Set Table Service Properties", "Get Table Service Properties", "CORS support for Azure Storage".

import { jsonOfBson } from '../../model/bson/json-write.ts';
import { BsonType } from '../../model/bson/types.ts';
import { fieldOf } from '../../model/bson/walk.ts';
import type { Catalog } from '../../core/catalog.ts';
import type { DatabaseRecord } from '../../model/resource.ts';
import { withField } from './access-policy.ts';
import { tablesDatabase } from './call.ts';
import { corsRulesIn, corsXml, type CorsRule } from './cors-rules.ts';
import { refusal } from './errors.ts';
import { checkNames, childNamed, element, requiredChild, type XmlElement } from './xml.ts';

export interface Retention {
  readonly enabled: boolean;
  readonly days?: number | undefined;
}

export interface Logging {
  readonly version: string;
  readonly delete: boolean;
  readonly read: boolean;
  readonly write: boolean;
  readonly retention: Retention;
}

export interface Metrics {
  readonly version: string;
  readonly enabled: boolean;
  readonly includeApis?: boolean | undefined;
  readonly retention: Retention;
}

export interface ServiceProperties {
  readonly logging: Logging;
  readonly hourMetrics: Metrics;
  readonly minuteMetrics: Metrics;
  readonly cors: readonly CorsRule[];
}

/** Days that analytics data may be kept for. */
const retentionDaysMax = 365;

/** The version of analytics there is. */
const analyticsVersion = '1.0';

const noRetention: Retention = { enabled: false };
const noMetrics: Metrics = { version: analyticsVersion, enabled: false, retention: noRetention };

export const propertiesDefault: ServiceProperties = {
  logging: { version: analyticsVersion, delete: false, read: false, write: false, retention: noRetention },
  hourMetrics: noMetrics,
  minuteMetrics: noMetrics,
  cors: [],
};

/** Field of the settings of the database of tables. */
const propertiesField = 'tableServiceProperties';

const read = new WeakMap<DatabaseRecord, ServiceProperties>();

/** What was set, and the defaults for what was not. Cheap: it is asked for every request of a browser. */
export function servicePropertiesOf(catalog: Catalog): ServiceProperties {
  const database = catalog.databaseOrNone(tablesDatabase);
  if (database === undefined) return propertiesDefault;
  let properties = read.get(database);
  if (properties === undefined) {
    const raw = fieldOf(database.settings, propertiesField);
    const kept =
      raw?.type === BsonType.object
        ? (JSON.parse(jsonOfBson(raw.slice()).toString('utf8')) as Partial<ServiceProperties>)
        : {};
    properties = { ...propertiesDefault, ...kept };
    read.set(database, properties);
  }
  return properties;
}

/** The settings with other properties, and all else as it was. */
export function withProperties(settings: Uint8Array, properties: ServiceProperties): Uint8Array {
  return withField(settings, propertiesField, JSON.stringify(properties));
}

/** What a document sets, over what was set before. */
export function propertiesIn(root: XmlElement, before: ServiceProperties): ServiceProperties {
  checkNames(root, ['Logging', 'HourMetrics', 'MinuteMetrics', 'Cors']);
  const logging = childNamed(root, 'Logging');
  const hour = childNamed(root, 'HourMetrics');
  const minute = childNamed(root, 'MinuteMetrics');
  const cors = childNamed(root, 'Cors');
  return {
    logging: logging === undefined ? before.logging : loggingIn(logging),
    hourMetrics: hour === undefined ? before.hourMetrics : metricsIn(hour),
    minuteMetrics: minute === undefined ? before.minuteMetrics : metricsIn(minute),
    cors: cors === undefined ? before.cors : corsRulesIn(cors),
  };
}

function loggingIn(logging: XmlElement): Logging {
  checkNames(logging, ['Version', 'Delete', 'Read', 'Write', 'RetentionPolicy']);
  return {
    version: versionIn(logging),
    delete: booleanIn(requiredChild(logging, 'Delete')),
    read: booleanIn(requiredChild(logging, 'Read')),
    write: booleanIn(requiredChild(logging, 'Write')),
    retention: retentionIn(requiredChild(logging, 'RetentionPolicy')),
  };
}

function metricsIn(metrics: XmlElement): Metrics {
  checkNames(metrics, ['Version', 'Enabled', 'IncludeAPIs', 'RetentionPolicy']);
  const enabled = booleanIn(requiredChild(metrics, 'Enabled'));
  const apis = enabled ? requiredChild(metrics, 'IncludeAPIs') : childNamed(metrics, 'IncludeAPIs');
  const retention = enabled ? requiredChild(metrics, 'RetentionPolicy') : childNamed(metrics, 'RetentionPolicy');
  return {
    version: versionIn(metrics),
    enabled,
    ...(apis !== undefined && { includeApis: booleanIn(apis) }),
    retention: retention === undefined ? noRetention : retentionIn(retention),
  };
}

function versionIn(parent: XmlElement): string {
  const { text } = requiredChild(parent, 'Version');
  if (text.trim() !== analyticsVersion) throw refusal('InvalidXmlNodeValue', 'Version');
  return analyticsVersion;
}

function booleanIn({ name, text }: XmlElement): boolean {
  const said = text.trim().toLowerCase();
  if (said !== 'true' && said !== 'false') throw refusal('InvalidXmlNodeValue', name);
  return said === 'true';
}

function retentionIn(policy: XmlElement): Retention {
  checkNames(policy, ['Enabled', 'Days']);
  const enabled = booleanIn(requiredChild(policy, 'Enabled'));
  if (!enabled) return noRetention;
  const { text } = requiredChild(policy, 'Days');
  const days = /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > retentionDaysMax) throw refusal('InvalidXmlNodeValue', 'Days');
  return { enabled, days };
}

export function propertiesXml({ logging, hourMetrics, minuteMetrics, cors }: ServiceProperties): string {
  return element('StorageServiceProperties', [
    element('Logging', [
      element('Version', logging.version),
      element('Read', String(logging.read)),
      element('Write', String(logging.write)),
      element('Delete', String(logging.delete)),
      retentionXml(logging.retention),
    ]),
    metricsXml('HourMetrics', hourMetrics),
    metricsXml('MinuteMetrics', minuteMetrics),
    corsXml(cors),
  ]);
}

function metricsXml(name: string, { version, enabled, includeApis, retention }: Metrics): string {
  return element(name, [
    element('Version', version),
    element('Enabled', String(enabled)),
    ...(includeApis === undefined ? [] : [element('IncludeAPIs', String(includeApis))]),
    retentionXml(retention),
  ]);
}

function retentionXml({ enabled, days }: Retention): string {
  const kept = days === undefined ? [] : [element('Days', String(days))];
  return element('RetentionPolicy', [element('Enabled', String(enabled)), ...kept]);
}
