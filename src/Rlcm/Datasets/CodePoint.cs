namespace Rlcm.Datasets;

/// <summary>The one spelling of an emoji's code points by which packages are joined.</summary>
public static class CodePoint
{
    private const string VariationSelector = "fe0f";

    /// <summary>
    /// Lower-case hexadecimal parts joined by '-', without the variation selector and without leading zeros:
    /// <c>0023-FE0F-20E3</c> becomes <c>23-20e3</c>.
    /// </summary>
    public static string Normalize(string hexadecimal) =>
        string.Join('-', hexadecimal.ToLowerInvariant().Split('-').Where(part => part != VariationSelector).Select(part => part.TrimStart('0')));
}
