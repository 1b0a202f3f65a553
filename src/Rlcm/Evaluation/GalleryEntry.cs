namespace Rlcm.Evaluation;

/// <summary>One picture of a gallery.</summary>
/// <param name="Shows">What it shows: one of the 45 animals' words, or a decoy's label.</param>
/// <param name="Text">Its caption, such as <c>a flat dog face</c>.</param>
/// <param name="Style">The style word in the caption.</param>
/// <param name="Codepoint">Normalized code point.</param>
public sealed record GalleryEntry(string Shows, string Text, string Style, string Codepoint);
