using Rlcm.Datasets;
using Xunit;

namespace Rlcm.Tests.Datasets;

public sealed class AnimalTableTests
{
    [Fact]
    public void The_45_words_are_those_of_the_released_code_in_their_order()
    {
        const string released =
            "cat dog horse monkey rabbit zebra spider bird sheep deer cow goat lion tiger bear raccoon fox wolf lizard beetle ant butterfly fish shark whale dolphin " +
            "squirrel mouse rat snake turtle frog chicken duck goose bee pig turkey fly llama camel bat gorilla hedgehog kangaroo";
        Assert.Equal(released.Split(' '), AnimalTable.Words);
    }

    [Fact]
    public void A_picture_shows_one_animal_at_most()
    {
        var codepoints = AnimalTable.Words.SelectMany(AnimalTable.Codepoints).ToArray();
        Assert.Equal(codepoints.Length, codepoints.Distinct().Count());
        Assert.Equal(codepoints, codepoints.Select(CodePoint.Normalize));
    }

    [Fact]
    public void A_bat_is_no_baseball_bat_and_a_fly_no_dove()
    {
        Assert.Equal("bat", AnimalTable.ShownBy("1f987"));
        Assert.Equal("fly", AnimalTable.ShownBy("1fab0"));
        Assert.Null(AnimalTable.ShownBy("26be"));
        Assert.Null(AnimalTable.ShownBy("1f54a"));
    }

    [Fact]
    public void Faces_count_as_the_animal_but_keep_their_label()
    {
        Assert.Equal("dog", AnimalTable.ShownBy("1f436"));
        Assert.Null(AnimalTable.MainWord("1f436"));
        Assert.Equal("dog", AnimalTable.MainWord("1f415"));
    }

    [Fact]
    public void An_unknown_word_is_refused() => Assert.Throws<ArgumentException>(() => AnimalTable.Codepoints("unicorn"));
}
