using AvsAnLib;

namespace Rlcm.Datasets;

/// <summary>The sentence form of the emoji captions: article, optional style word, label.</summary>
public static class Caption
{
    /// <summary><c>a flat red fox</c> for the label <c>red fox</c> and the style <c>flat</c>; <c>an ant</c> for <c>ant</c> without a style.</summary>
    public static string Compose(string label, string? style = null)
    {
        var phrase = style is null ? label : $"{style} {label}";
        return $"{AvsAn.Query(phrase).Article} {phrase}";
    }
}
