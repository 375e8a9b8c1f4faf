using Gatehouse.Configuration.Binding;

namespace Gatehouse.Upstream.Credentials;

/// <summary>Validates the credentials of a provider and makes its signer, or takes over the one that it had.</summary>
internal sealed class CredentialCompiler(ConfigurationErrors errors, TimeProvider time, Func<string, string?> variable)
{
    private static readonly CredentialModel Nothing = new();

    /// <param name="path">The provider's key, such as <c>providers.bedrock</c>.</param>
    public CredentialModel Compile(string name, string path, ProviderOptions options, ProviderEntry entry, ProviderModel? previous)
    {
        RefuseMeaningless(path, options, entry);
        if (entry.Auth == ProviderAuth.Aws)
        {
            return Aws(name, path, options, previous);
        }

        if (entry.Auth == ProviderAuth.Google)
        {
            return Google(name, path, options, previous);
        }

        if (entry.Auth == ProviderAuth.ApiKey && options.ApiKey is not null && options.AccessToken is not null)
        {
            errors.Add($"{path}.access_token", "and api_key are both set; give one of them");
        }
        else if (options.ApiKey is null && options.AccessToken is null && entry.Auth != ProviderAuth.None)
        {
            errors.Add(path, $"api_key is missing; {entry.Title} needs one"
                + (entry.ApiKeyEnv is null ? "" : $", for example api_key: \"${{{entry.ApiKeyEnv}}}\""));
        }

        return Nothing;
    }

    private void RefuseMeaningless(string path, ProviderOptions options, ProviderEntry entry)
    {
        var (isAws, isGoogle) = (entry.Auth == ProviderAuth.Aws, entry.Auth == ProviderAuth.Google);
        (string Key, bool IsSet, bool HasMeaning)[] keys =
        [
            ("region", options.Region is not null, isAws),
            ("access_key_id", options.AccessKeyId is not null, isAws),
            ("secret_access_key", options.SecretAccessKey is not null, isAws),
            ("session_token", options.SessionToken is not null, isAws),
            ("project", options.Project is not null, isGoogle),
            ("location", options.Location is not null, isGoogle),
            ("credentials", options.Credentials is not null, isGoogle),
            ("access_token", options.AccessToken is not null, isGoogle || entry.Auth == ProviderAuth.ApiKey),
            ("api_key", options.ApiKey is not null, !isGoogle),
        ];
        foreach (var (key, isSet, hasMeaning) in keys)
        {
            if (isSet && !hasMeaning)
            {
                errors.Add($"{path}.{key}", $"has no meaning for kind '{entry.Kind}'" + (isGoogle ? "; use credentials or access_token" : ""));
            }
        }
    }

    private CredentialModel Aws(string name, string path, ProviderOptions options, ProviderModel? previous)
    {
        var region = Place(options.Region, $"{path}.region", "AWS_REGION", "AWS_DEFAULT_REGION");
        if (options.ApiKey is not null)
        {
            if ((options.AccessKeyId ?? options.SecretAccessKey ?? options.SessionToken) is not null)
            {
                errors.Add($"{path}.api_key", "and an access key are both set; give one of them");
            }

            if (region is null && options.BaseUrl is null)
            {
                ReportNoRegion();
            }

            return new CredentialModel(Region: region);
        }

        if ((options.AccessKeyId is null) != (options.SecretAccessKey is null))
        {
            var missing = options.AccessKeyId is null ? "access_key_id" : "secret_access_key";
            errors.Add(path, $"{missing} is missing; the two keys of AWS belong together. For a Bedrock API key use api_key");
            return new CredentialModel(Region: region);
        }

        if (options.SessionToken is not null && options.AccessKeyId is null)
        {
            errors.Add($"{path}.session_token", "belongs to an access_key_id and a secret_access_key, which are missing");
        }

        if (region is null)
        {
            ReportNoRegion();
            return Nothing;
        }

        var fixedKey = options.AccessKeyId is { } id
            ? new AwsCredentials(id.Reveal(), options.SecretAccessKey!.Reveal(), NotEmpty(options.SessionToken?.Reveal()))
            : FromEnvironment();
        var key = new SignerKey(
            name, ProviderAuth.Aws, region, SecretOf(fixedKey?.AccessKeyId), SecretOf(fixedKey?.SecretAccessKey), SecretOf(fixedKey?.SessionToken));
        if (previous?.SignerKey == key)
        {
            return new CredentialModel(previous.Signer, key, region);
        }

        var fetched = fixedKey is null ? default : ValueTask.FromResult(Fetched<AwsCredentials>.Of(fixedKey, DateTimeOffset.MaxValue));
        var cache = fixedKey is null ? new CredentialCache<AwsCredentials>(new AwsMetadata(variable, time).FetchAsync, time) : null;
        return new CredentialModel(new AwsRequestSigner(name, region, cache is null ? _ => fetched : cache.GetAsync, time), key, region);

        void ReportNoRegion() => errors.Add(path, "region is missing, such as region: us-east-1; or set AWS_REGION");
    }

    private CredentialModel Google(string name, string path, ProviderOptions options, ProviderModel? previous)
    {
        var location = Place(options.Location, $"{path}.location", "GOOGLE_CLOUD_LOCATION") ?? "global";
        if (options.AccessToken is not null && options.Credentials is not null)
        {
            errors.Add($"{path}.access_token", "and credentials are both set; give one of them");
            return new CredentialModel(Location: location);
        }

        var (json, isRead) = options.AccessToken is null ? ServiceAccountKey(path, options) : (null, true);
        GoogleServiceAccount? account = null;
        if (json is not null)
        {
            (account, var error) = GoogleServiceAccount.Parse(json);
            isRead = error is null;
            if (error is not null)
            {
                errors.Add(
                    options.Credentials is null ? path : $"{path}.credentials",
                    options.Credentials is null ? $"the file that GOOGLE_APPLICATION_CREDENTIALS names {error}" : error);
            }
        }

        var project = NotEmpty(options.Project) ?? account?.ProjectId ?? NotEmpty(variable("GOOGLE_CLOUD_PROJECT"));
        if (project is null && isRead)
        {
            errors.Add(path, "project is missing: the Google Cloud project that pays; or set GOOGLE_CLOUD_PROJECT");
        }
        else if (project?.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not '-' and not '.' and not ':') == true)
        {
            errors.Add($"{path}.project", $"'{project}' is not the id of a Google Cloud project");
        }

        if (options.AccessToken is not null || !isRead)
        {
            return new CredentialModel(Project: project, Location: location);
        }

        var key = new SignerKey(name, ProviderAuth.Google, Key: SecretOf(json));
        var signer = previous?.SignerKey == key ? previous.Signer : new BearerSigner(
            name, new CredentialCache<string>(new GoogleTokens(account, variable, time).FetchAsync, time));
        return new CredentialModel(signer, key, Project: project, Location: location);
    }

    /// <returns>The JSON, or null for the metadata server; false where it could not be read, which was told.</returns>
    private (string? Json, bool IsRead) ServiceAccountKey(string path, ProviderOptions options)
    {
        var written = options.Credentials?.Reveal().Trim() ?? NotEmpty(variable("GOOGLE_APPLICATION_CREDENTIALS"));
        if (written is null or "metadata")
        {
            return (null, true);
        }

        if (written.StartsWith('{'))
        {
            return (written, true);
        }

        try
        {
            return (File.ReadAllText(written), true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // What is written there is not repeated: it may be half of a key.
            errors.Add(options.Credentials is null ? path : $"{path}.credentials", options.Credentials is null
                ? $"the file that GOOGLE_APPLICATION_CREDENTIALS names cannot be read: {exception.Message}"
                : "is neither JSON, nor metadata, nor the path of a file that can be read");
            return (null, false);
        }
    }

    private AwsCredentials? FromEnvironment() =>
        NotEmpty(variable("AWS_ACCESS_KEY_ID")) is { } id && NotEmpty(variable("AWS_SECRET_ACCESS_KEY")) is { } secret
            ? new AwsCredentials(id, secret, NotEmpty(variable("AWS_SESSION_TOKEN")))
            : null;

    /// <summary>A region or location, from its key or from a variable. It becomes part of a host name.</summary>
    private string? Place(string? written, string path, params ReadOnlySpan<string> variables)
    {
        var place = NotEmpty(written);
        foreach (var name in variables)
        {
            place ??= NotEmpty(variable(name));
        }

        if (place?.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') == false)
        {
            errors.Add(path, $"'{place}' is not the name of a region: lower-case letters, digits and '-'");
            // A whole one, so that this stays the only mistake that is told of it.
            return "invalid";
        }

        return place;
    }

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static Secret? SecretOf(string? text) => text is null ? null : new Secret(text);
}
