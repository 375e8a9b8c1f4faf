using System.Globalization;
using System.Net;

namespace Gatehouse.Configuration;

/// <summary><c>HOST:PORT</c> with an IP address, <c>localhost</c>, or <c>*</c> for every address of the machine.</summary>
internal static class ListenAddress
{
    public static IPEndPoint? TryParse(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return null;
        }

        var host = text[..colon];
        return host switch
        {
            "localhost" => new IPEndPoint(IPAddress.Loopback, port),
            "*" => new IPEndPoint(IPAddress.Any, port),
            _ => IPAddress.TryParse(host.Trim('[', ']'), out var address) ? new IPEndPoint(address, port) : null,
        };
    }
}
