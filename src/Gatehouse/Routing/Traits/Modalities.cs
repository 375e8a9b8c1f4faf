namespace Gatehouse.Routing.Traits;

/// <summary>What a request has in it beside text: what a target must be able to take.</summary>
[Flags]
internal enum Modalities
{
    None = 0,
    Image = 1,
    Audio = 2,
    Video = 4,

    /// <summary>A file that the model is to read as such (PDF and the like). A document of plain text is text.</summary>
    Document = 8,
}
