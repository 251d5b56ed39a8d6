module samples/quickstart

go 1.23

require github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos v1.4.2
