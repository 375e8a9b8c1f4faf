using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gatehouse.Protocols.Json;

/// <summary>How this project writes and reads JSON.</summary>
public static class JsonWriting
{
    /// <summary>For bodies: they are JSON and never HTML, so quotes and other letters stay readable.</summary>
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Deeper than any schema seen; far from what would exhaust a stack.</summary>
    public static readonly JsonDocumentOptions ReadOptions = new() { MaxDepth = 128 };
}
