using System.Net;
using System.Net.Sockets;

namespace Gatehouse.Upstream;

/// <summary>
/// Keeps the gateway from being led to the metadata service of the cloud it runs in: link-local addresses (169.254.0.0/16, fe80::/10),
/// and the metadata addresses and names of AWS, Google, Azure, Alibaba and Oracle. Private ranges are allowed: models run there.
/// </summary>
internal static class UpstreamAddresses
{
    private static readonly string[] MetadataNames = ["metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"];

    // Alibaba and Oracle use these beside 169.254.169.254; fd00:ec2::254 is AWS over IPv6.
    private static readonly IPAddress[] MetadataAddresses =
        [IPAddress.Parse("100.100.100.200"), IPAddress.Parse("192.0.0.192"), IPAddress.Parse("fd00:ec2::254"), IPAddress.Parse("fd20:ce::254")];

    /// <summary>Whether a host, as written in the configuration, may not be called.</summary>
    public static bool Refuses(string host, IReadOnlyList<string> allowed)
    {
        if (allowed.Contains(host, StringComparer.OrdinalIgnoreCase))
        {
            return false;
        }

        return IPAddress.TryParse(host.Trim('[', ']'), out var address)
            ? Refuses(address)
            : MetadataNames.Contains(host.TrimEnd('.'), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The IPv4 address inside an IPv6 one: mapped (RFC 4291), NAT64 (RFC 6052) or 6to4 (RFC 3056).</summary>
    private static IPAddress Unwrap(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        ReadOnlySpan<byte> nat64 = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
            : bytes.AsSpan().StartsWith(nat64) ? new IPAddress(bytes.AsSpan(12))
            : bytes is [0x20, 0x02, ..] ? new IPAddress(bytes.AsSpan(2, 4))
            : address;
    }

    /// <summary>Whether an address, as resolved, may not be connected to: a name can be pointed anywhere later.</summary>
    public static bool Refuses(IPAddress address)
    {
        var plain = Unwrap(address);
        if (plain.AddressFamily == AddressFamily.InterNetwork)
        {
            Span<byte> bytes = stackalloc byte[4];
            _ = plain.TryWriteBytes(bytes, out _);
            if (bytes[0] == 169 && bytes[1] == 254)
            {
                return true;
            }
        }

        return plain.IsIPv6LinkLocal || MetadataAddresses.Contains(plain);
    }
}
