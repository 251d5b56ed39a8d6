// The Table door from Java: tables, entities and their types, updates on condition, queries and pages, transactions,
// shared access signatures, service properties.
// TABLES_CONNECTION_STRING says where; `meridian connection-strings` prints it. Run: mvn -q compile exec:exec
package samples;

import com.azure.core.credential.AzureSasCredential;
import com.azure.core.http.rest.PagedResponse;
import com.azure.data.tables.TableClient;
import com.azure.data.tables.TableClientBuilder;
import com.azure.data.tables.TableServiceClient;
import com.azure.data.tables.TableServiceClientBuilder;
import com.azure.data.tables.models.ListEntitiesOptions;
import com.azure.data.tables.models.ListTablesOptions;
import com.azure.data.tables.models.TableEntity;
import com.azure.data.tables.models.TableEntityUpdateMode;
import com.azure.data.tables.models.TableItem;
import com.azure.data.tables.models.TableServiceCorsRule;
import com.azure.data.tables.models.TableServiceException;
import com.azure.data.tables.models.TableServiceMetrics;
import com.azure.data.tables.models.TableServiceProperties;
import com.azure.data.tables.models.TableServiceRetentionPolicy;
import com.azure.data.tables.models.TableTransactionAction;
import com.azure.data.tables.models.TableTransactionActionType;
import com.azure.data.tables.models.TableTransactionFailedException;
import com.azure.data.tables.sas.TableSasPermission;
import com.azure.data.tables.sas.TableSasSignatureValues;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;

public final class Quickstart {
    private Quickstart() {}

    public static void main(String[] arguments) {
        TableServiceClient service = new TableServiceClientBuilder()
            .connectionString(System.getenv("TABLES_CONNECTION_STRING"))
            .buildClient();
        service.createTableIfNotExists("ordersjava");
        TableClient table = service.getTableClient("ordersjava");
        service.createTableIfNotExists("ordersjavaold");
        service.deleteTable("ordersjavaold");
        ListTablesOptions ours =
            new ListTablesOptions().setFilter("TableName ge 'ordersjava' and TableName lt 'ordersjavaa'");
        System.out.println("tables: " + service.listTables(ours, null, null)
            .stream().map(TableItem::getName).collect(Collectors.joining(", ")));

        table.upsertEntity(new TableEntity("ada", "0")
            .addProperty("placed", OffsetDateTime.parse("2024-02-29T12:00:00.1234567Z"))
            .addProperty("weight", 2.0)
            .addProperty("barcode", 9007199254740993L)
            .addProperty("voucher", UUID.fromString("6ba7b810-9dad-11d1-80b4-00c04fd430c8"))
            .addProperty("seal", new byte[] {0, 1, -2, -1})
            .addProperty("gift", true));
        TableEntity typed = table.getEntityWithResponse(
            "ada", "0", List.of("barcode", "placed", "voucher", "seal"), null, null).getValue();
        System.out.println("types: " + typed.getProperty("barcode") + " " + typed.getProperty("placed") + " "
            + typed.getProperty("voucher") + " "
            + Base64.getEncoder().encodeToString((byte[]) typed.getProperty("seal")));
        table.deleteEntity("ada", "0");

        // An insert is refused when the keys are taken; an upsert takes what is there, and merges or replaces it.
        int[] totals = {30, 70, 12, 8};
        String[] rowKeys = {"1", "2", "3", "5"};
        for (int i = 0; i < totals.length; i++) {
            TableEntity order =
                new TableEntity("ada", rowKeys[i]).addProperty("status", "open").addProperty("total", totals[i]);
            try {
                table.createEntity(order);
            } catch (TableServiceException error) {
                if (!"EntityAlreadyExists".equals(error.getValue().getErrorCode().toString())) throw error;
                table.upsertEntityWithResponse(order, TableEntityUpdateMode.REPLACE, null, null);
            }
        }
        table.upsertEntity(new TableEntity("ada", "1").addProperty("total", 35));

        // A read tells the version; an update on condition is refused when somebody was quicker.
        TableEntity order = table.getEntity("ada", "2");
        order.addProperty("status", "paid");
        table.updateEntityWithResponse(order, TableEntityUpdateMode.REPLACE, true, null, null);
        try {
            table.updateEntityWithResponse(order, TableEntityUpdateMode.REPLACE, true, null, null);
        } catch (TableServiceException error) {
            System.out.println("too late: " + error.getResponse().getStatusCode() + " " + error.getValue().getErrorCode());
        }

        ListEntitiesOptions large = new ListEntitiesOptions()
            .setFilter("PartitionKey eq 'ada' and total gt 20").setSelect(List.of("RowKey", "total"));
        System.out.println("large orders: " + table.listEntities(large, null, null)
            .stream().map(one -> one.getRowKey() + ": " + one.getProperty("total")).collect(Collectors.joining(", ")));

        ListEntitiesOptions few = new ListEntitiesOptions().setFilter("RowKey ge '1' and RowKey le '3'").setTop(2);
        System.out.println("pages: " + table.listEntities(few, null, null).streamByPage()
            .map(PagedResponse::getValue).map(List::size).map(String::valueOf).collect(Collectors.joining(", ")));

        // All or nothing, within one partition key.
        System.out.println("transaction: " + table.submitTransaction(List.of(
                new TableTransactionAction(TableTransactionActionType.UPSERT_REPLACE,
                    new TableEntity("ada", "4").addProperty("status", "open").addProperty("total", 1)),
                new TableTransactionAction(TableTransactionActionType.UPDATE_MERGE,
                    new TableEntity("ada", "1").addProperty("status", "paid")),
                new TableTransactionAction(TableTransactionActionType.DELETE, new TableEntity("ada", "3"))))
            .getTransactionActionResponses().stream()
            .map(response -> String.valueOf(response.getStatusCode())).collect(Collectors.joining(", ")));
        try {
            table.submitTransaction(List.of(
                new TableTransactionAction(TableTransactionActionType.UPSERT_MERGE, new TableEntity("ada", "6")),
                new TableTransactionAction(TableTransactionActionType.DELETE, new TableEntity("ada", "3"))));
        } catch (TableTransactionFailedException error) {
            System.out.println("undone: " + error.getValue().getErrorCode() + " at "
                + error.getFailedTransactionActionIndex() + " " + exists(table, "6"));
        }

        // Whoever has the signature may read that table for an hour, and no more.
        String signature = table.generateSas(new TableSasSignatureValues(
            OffsetDateTime.now().plusHours(1), new TableSasPermission().setReadPermission(true)));
        TableClient reader = new TableClientBuilder()
            .endpoint(service.getServiceEndpoint())
            .credential(new AzureSasCredential(signature))
            .tableName("ordersjava")
            .buildClient();
        long seen = reader.listEntities().stream().count();
        try {
            reader.deleteEntity("ada", "1");
        } catch (TableServiceException error) {
            System.out.println("signature: " + seen + " " + error.getResponse().getStatusCode() + " "
                + error.getValue().getErrorCode());
        }

        service.setProperties(new TableServiceProperties()
            .setCorsRules(List.of(new TableServiceCorsRule()
                .setAllowedOrigins("https://shop.example").setAllowedMethods("GET,POST")
                .setAllowedHeaders("x-ms-*").setExposedHeaders("*").setMaxAgeInSeconds(60)))
            .setHourMetrics(new TableServiceMetrics().setVersion("1.0").setEnabled(true).setIncludeApis(true)
                .setRetentionPolicy(new TableServiceRetentionPolicy().setEnabled(true).setDaysToRetain(7))));
        TableServiceProperties properties = service.getProperties();
        System.out.println("properties: " + properties.getCorsRules().get(0).getAllowedOrigins() + " "
            + properties.getHourMetrics().getTableServiceRetentionPolicy().getDaysToRetain());
    }

    private static int exists(TableClient table, String rowKey) {
        try {
            table.getEntity("ada", rowKey);
            return 200;
        } catch (TableServiceException error) {
            return error.getResponse().getStatusCode();
        }
    }
}
