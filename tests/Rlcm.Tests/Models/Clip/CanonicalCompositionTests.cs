using Rlcm.Models.Clip;
using Xunit;

namespace Rlcm.Tests.Models.Clip;

/// <summary>Examples of Unicode's NormalizationTest.txt and Annex 15.</summary>
public sealed class CanonicalCompositionTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a\u0301", "\u00E1")]
    [InlineData("\u00E1", "\u00E1")]
    [InlineData("\u212B", "\u00C5")] // Angstrom sign: a singleton
    [InlineData("\u0958", "\u0915\u093C")] // excluded from composition
    [InlineData("D\u0307\u0323", "\u1E0C\u0307")] // marks change places
    [InlineData("a\u0301\u0301", "\u00E1\u0301")]
    [InlineData("a\u0328\u0301\u0300", "\u0105\u0301\u0300")]
    [InlineData("a\u0315\u0300\u05AE\u0301b", "\u00E0\u05AE\u0301\u0315b")]
    [InlineData("\u1100\u1161\u11A8", "\uAC01")]
    [InlineData("\uAC00\u11A8", "\uAC01")]
    [InlineData("\u0301a", "\u0301a")]
    [InlineData("\u0B47\u0300\u0B3E", "\u0B47\u0300\u0B3E")] // a mark between blocks
    [InlineData("\uFB01", "\uFB01")] // compatibility only
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    public void Text_is_composed_canonically(string text, string expected) => Assert.Equal(expected, CanonicalComposition.Normalize(text));

    [Fact]
    public void A_lone_surrogate_is_replaced() => Assert.Equal("x\uFFFD", CanonicalComposition.Normalize("x\uD800"));
}
