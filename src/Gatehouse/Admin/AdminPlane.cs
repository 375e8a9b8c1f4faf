using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Gatehouse.Admin.Contract;
using Gatehouse.Alerts;
using Gatehouse.Caching;
using Gatehouse.Catalog;
using Gatehouse.Configuration;
using Gatehouse.Identity;
using Gatehouse.Ingress;
using Gatehouse.Ledger;
using Gatehouse.Reports;
using Gatehouse.Routing;
using Gatehouse.Runs;
using Gatehouse.Telemetry;
using Microsoft.OpenApi;

namespace Gatehouse.Admin;

/// <summary>The listener for administrators: the API under <c>/api/v1</c>, its OpenAPI document, the probes and <c>/metrics</c>.</summary>
internal static class AdminPlane
{
    private const string DocumentName = "v1";

    public static void AddServices(IServiceCollection services)
    {
        _ = services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.MaxDepth = AdminJson.MaxDepth;
            options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            options.SerializerOptions.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
            options.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        });
        _ = services.AddOpenApi(DocumentName, options => options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "Gatehouse admin API", Version = DocumentName };
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
            {
                ["token"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "The admin token." },
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("token", document)] = [] }];
            return Task.CompletedTask;
        }));
    }

    public static void Map(WebApplication app)
    {
        var token = app.Services.GetRequiredService<AdminToken>();
        app.Use((http, next) => RequireTokenAsync(http, next, token));
        app.Use(next => http => AdminFailures.TellOfFailureAsync(http, next, app.Logger));
        app.UseStatusCodePages(http => AdminFailures.DescribeAsync(http.HttpContext));

        var api = app.MapGroup("/api/v1").WithMetadata(new ProducesResponseTypeMetadata(StatusCodes.Status401Unauthorized, typeof(AdminError), ["application/json"]));
        KeyEndpoints.Map(api);
        ExchangeEndpoints.Map(api);
        UsageEndpoints.Map(api);
        ConfigurationEndpoints.Map(api);
        RouteEndpoints.Map(api);
        CatalogEndpoints.Map(api);
        AlertEndpoints.Map(api);
        CacheEndpoints.Map(api);
        HealthEndpoints.Map(api);
        RunEndpoints.Map(api);

        var probes = app.Services.GetRequiredService<Probes>();
        _ = app.MapOpenApi($"/openapi/{DocumentName}.json");
        _ = app.MapGet("/healthz", Probes.AliveAsync).ExcludeFromDescription();
        _ = app.MapGet("/readyz", probes.ReadyAsync).ExcludeFromDescription();
        _ = app.MapGet("/metrics", (PrometheusExporter metrics) => Results.Text(metrics.Write(), "text/plain; version=0.0.4; charset=utf-8")).ExcludeFromDescription();
    }

    /// <summary>The API needs the token; probes, metrics and the description of the API do not.</summary>
    private static Task RequireTokenAsync(HttpContext http, RequestDelegate next, AdminToken token)
    {
        const string Bearer = "Bearer ";
        var path = http.Request.Path;
        var isOpen = path.StartsWithSegments("/openapi", StringComparison.Ordinal) || path.Value is "/healthz" or "/readyz" or "/metrics";
        var authorization = http.Request.Headers.Authorization.ToString();
        if (isOpen || (authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) && token.Matches(authorization[Bearer.Length..].Trim())))
        {
            return next(http);
        }

        http.Response.Headers.WWWAuthenticate = "Bearer";
        return AdminFailures.WriteAsync(http, 401, "unauthorized", "Send the admin token as 'Authorization: Bearer TOKEN'. It was printed at the first start, or stands in admin.token.");
    }
}
