using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration.Binding;
using Gatehouse.Pipeline;
using Gatehouse.Storage;

namespace Gatehouse.Admin;

/// <summary>The token of the admin API: from the configuration, or made at the first start and kept as its SHA-256.</summary>
internal sealed class AdminToken
{
    private const string SettingName = "admin_token_sha256";
    private readonly byte[] _hash;

    private AdminToken(byte[] hash, string? justMade)
    {
        _hash = hash;
        JustMade = justMade;
    }

    /// <summary>The token itself, when it was made now: it is printed once.</summary>
    public string? JustMade { get; }

    public static AdminToken Load(Secret? configured, Database database)
    {
        if (configured is not null)
        {
            return new AdminToken(Hash(configured.Reveal()), justMade: null);
        }

        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT value FROM settings WHERE name = $name";
        _ = command.Parameters.AddWithValue("$name", SettingName);
        if (command.ExecuteScalar() is string hash)
        {
            return new AdminToken(Convert.FromHexString(hash), justMade: null);
        }

        var token = Id.NewSecret("gha");
        command.CommandText = "INSERT INTO settings (name, value) VALUES ($name, $value)";
        _ = command.Parameters.AddWithValue("$value", Convert.ToHexStringLower(Hash(token)));
        _ = command.ExecuteNonQuery();
        return new AdminToken(Hash(token), token);
    }

    /// <summary>Takes the same time whatever the token is.</summary>
    public bool Matches(string token) => CryptographicOperations.FixedTimeEquals(Hash(token), _hash);

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
