// GET /$metadata: the one type whose properties the service knows, in OData's schema language. Those of entities are
// in every entity itself.

import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';

const document = Buffer.from(
  '<?xml version="1.0" encoding="utf-8" standalone="yes"?>' +
    '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">' +
    '<edmx:DataServices xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" ' +
    'm:DataServiceVersion="1.0">' +
    '<Schema Namespace="AzureTableStorage" xmlns="http://schemas.microsoft.com/ado/2006/04/edm">' +
    '<EntityType Name="Tables"><Key><PropertyRef Name="TableName" /></Key>' +
    '<Property Name="TableName" Type="Edm.String" Nullable="false" /></EntityType>' +
    '<EntityContainer Name="TableService" m:IsDefaultEntityContainer="true">' +
    '<EntitySet Name="Tables" EntityType="AzureTableStorage.Tables" /></EntityContainer>' +
    '</Schema></edmx:DataServices></edmx:Edmx>',
);

export function readMetadata(_call: Call): Answer {
  return { status: 200, headers: ['Content-Type', 'application/xml'], body: document };
}
