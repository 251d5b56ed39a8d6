// The Cosmos DB door from Go: a database, a container, items, a query, a patch, a batch.
// COSMOS_ENDPOINT and COSMOS_KEY say where; `meridian connection-strings` prints both.
// Run: go mod tidy && go run .
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"
)

type order struct {
	ID       string `json:"id"`
	Customer string `json:"customer"`
	Status   string `json:"status"`
	Total    int    `json:"total"`
}

func main() {
	ctx := context.Background()
	credential, err := azcosmos.NewKeyCredential(os.Getenv("COSMOS_KEY"))
	check(err)
	client, err := azcosmos.NewClientWithKey(os.Getenv("COSMOS_ENDPOINT"), credential, nil)
	check(err)

	_, err = client.CreateDatabase(ctx, azcosmos.DatabaseProperties{ID: "samples"}, nil)
	checkUnless(http.StatusConflict, err)
	database, err := client.NewDatabase("samples")
	check(err)
	_, err = database.CreateContainer(ctx, azcosmos.ContainerProperties{
		ID:                     "orders-go",
		PartitionKeyDefinition: azcosmos.PartitionKeyDefinition{Paths: []string{"/customer"}, Version: 2},
	}, nil)
	checkUnless(http.StatusConflict, err)
	container, err := database.NewContainer("orders-go")
	check(err)

	ada := azcosmos.NewPartitionKeyString("ada")
	for _, one := range []order{{"1", "ada", "open", 30}, {"2", "ada", "open", 70}, {"3", "ada", "open", 12}} {
		_, err = container.UpsertItem(ctx, ada, text(one), nil)
		check(err)
	}

	// A read tells the version; a replace on condition is refused when somebody was quicker.
	read, err := container.ReadItem(ctx, ada, "2", nil)
	check(err)
	_, err = container.ReplaceItem(ctx, ada, "2", text(order{"2", "ada", "paid", 70}),
		&azcosmos.ItemOptions{IfMatchEtag: &read.ETag})
	check(err)

	patch := azcosmos.PatchOperations{}
	patch.AppendIncrement("/total", 5)
	_, err = container.PatchItem(ctx, ada, "1", patch, nil)
	check(err)

	pager := container.NewQueryItemsPager(
		"SELECT c.id, c.total FROM c WHERE c.total > @least ORDER BY c.total DESC", ada,
		&azcosmos.QueryOptions{QueryParameters: []azcosmos.QueryParameter{{Name: "@least", Value: 20}}})
	var large []string
	for pager.More() {
		page, err := pager.NextPage(ctx)
		check(err)
		for _, item := range page.Items {
			var found order
			check(json.Unmarshal(item, &found))
			large = append(large, fmt.Sprintf("%s: %d", found.ID, found.Total))
		}
	}
	fmt.Println("large orders:", strings.Join(large, ", "))

	// All or nothing, within one partition key.
	batch := container.NewTransactionalBatch(ada)
	batch.UpsertItem(text(order{"4", "ada", "open", 1}), nil)
	batch.DeleteItem("3", nil)
	answer, err := container.ExecuteTransactionalBatch(ctx, batch, nil)
	check(err)
	var statuses []string
	for _, result := range answer.OperationResults {
		statuses = append(statuses, fmt.Sprint(result.StatusCode))
	}
	fmt.Println("batch:", strings.Join(statuses, ", "))
}

func text(value order) []byte {
	bytes, err := json.Marshal(value)
	check(err)
	return bytes
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func checkUnless(status int, err error) {
	var refusal *azcore.ResponseError
	if errors.As(err, &refusal) && refusal.StatusCode == status {
		return
	}
	check(err)
}
