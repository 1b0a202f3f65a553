using Rlcm.Datasets;
using Rlcm.Evaluation;
using Rlcm.Prompts;
using Rlcm.Tests.Golden;
using Xunit;

namespace Rlcm.Tests.Prompts;

public sealed class ShippedPromptsTests
{
    [Theory]
    [InlineData("animals-45.txt", 45)]
    [InlineData("imagenet-animals-398.txt", 398)]
    [InlineData("animal-activities-135.txt", 135)]
    [InlineData("activities-misdrawn-84.txt", 84)]
    [InlineData("pairs-misdrawn-70.txt", 70)]
    [InlineData("activities-evaluation.txt", 64)]
    [InlineData("quick.txt", 180)]
    [InlineData("evaluation.txt", 64)]
    [InlineData("held-out.txt", 48)]
    [InlineData("non-animals-15.txt", 15)]
    public void Every_list_has_its_length_and_no_duplicates(string file, int count)
    {
        var prompts = Shipped(file);
        Assert.Equal(count, prompts.Count);
        Assert.Equal(count, prompts.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [Fact]
    public void Imagenet_prompts_keep_their_synonyms()
    {
        var prompts = Shipped("imagenet-animals-398.txt");
        Assert.Equal("tench, Tinca tinca", prompts[0]);
        Assert.Equal("great white shark, white shark, man-eater, man-eating shark, Carcharodon carcharias", prompts[2]);
        Assert.Equal("puffer, pufferfish, blowfish, globefish", prompts[397]);
    }

    [Fact]
    public void The_animals_are_those_of_the_table() => Assert.Equal(AnimalTable.Words, Shipped("animals-45.txt"));

    [Fact]
    public void Every_third_animal_is_held_out_where_unseen_prompts_are_measured()
    {
        Assert.Equal(AnimalTable.Words.Where((_, index) => index % 3 == 2), Shipped("animals-held-out-15.txt"));
        Assert.Equal(AnimalTable.Words.Where((_, index) => index % 3 != 2), Shipped("animals-train-30.txt"));
        Assert.Empty(Shipped("non-animals-15.txt").Intersect(AnimalTable.Words, StringComparer.Ordinal));
    }

    [Fact]
    public void Every_animal_does_every_activity() => Assert.Equal(
        from word in AnimalTable.Words from activity in (string[])["riding a bike", "washing the dishes", "playing chess"] select $"{Caption.Compose(word)} {activity}",
        Shipped("animal-activities-135.txt"));

    [Fact]
    public void Misdrawn_activities_are_a_part_of_all_and_misdrawn_pairs_name_two_animals()
    {
        Assert.Subset(Shipped("animal-activities-135.txt").ToHashSet(StringComparer.Ordinal), Shipped("activities-misdrawn-84.txt").ToHashSet(StringComparer.Ordinal));
        Assert.All(Shipped("pairs-misdrawn-70.txt"), prompt => Assert.Equal(2, prompt.Split(' ').Intersect(AnimalTable.Words, StringComparer.Ordinal).Count()));
    }

    [Fact]
    public void Half_of_the_activities_that_are_evaluated_are_trained_on()
    {
        var training = Shipped("animal-activities-135.txt");
        Assert.Equal((32, 32), (Shipped("activities-evaluation.txt").Take(32).Count(training.Contains), Shipped("activities-evaluation.txt").Skip(32).Count(prompt => !training.Contains(prompt))));
    }

    [Fact]
    public void Quick_asks_for_every_animal_in_every_style() => Assert.Equal(
        from word in AnimalTable.Words from vendor in EmojiVendor.All select Caption.Compose(word, vendor.Style),
        Shipped("quick.txt"));

    [Fact]
    public void Half_of_the_evaluation_prompts_are_training_prompts_and_half_are_absent_from_them()
    {
        var (training, evaluation) = (Shipped("quick.txt"), Shipped("evaluation.txt"));
        Assert.All(evaluation.Take(32), prompt => Assert.Contains(prompt, training));
        Assert.All(evaluation.Skip(32), prompt => Assert.DoesNotContain(prompt, training));
        Assert.All(evaluation.Skip(32), prompt => Assert.DoesNotContain(prompt.Split(' '), word => AnimalTable.Words.Contains(word)));
    }

    [Fact]
    public void Every_evaluation_prompt_is_the_caption_of_a_picture_that_the_model_was_trained_on()
    {
        var gallery = Gallery.Read(Path.Combine(GoldenData.RepositoryRoot, "models", "emoji-lcm", "gallery"));
        var captions = gallery.Entries.Where(entry => HeldOutSplit.Of(entry.Codepoint) == HeldOutSplit.Train).Select(entry => entry.Text).ToHashSet(StringComparer.Ordinal);
        Assert.All(Shipped("evaluation.txt"), prompt => Assert.Contains(prompt, captions));
    }

    [Fact]
    public void Held_out_prompts_are_neither_trained_on_nor_used_to_choose_checkpoints()
    {
        var heldOut = Shipped("held-out.txt");
        Assert.All(Directory.GetFiles(Path.Combine(GoldenData.RepositoryRoot, "configs", "prompts")).Where(file => Path.GetFileName(file) != "held-out.txt"), file =>
            Assert.Empty(PromptFile.Read(file).Intersect(heldOut, StringComparer.OrdinalIgnoreCase)));
        Assert.All(heldOut, prompt => Assert.DoesNotContain(prompt.Split(' '), word => AnimalTable.Words.Contains(word)));
        Assert.All(EmojiVendor.All, vendor => Assert.Equal(12, heldOut.Count(prompt => prompt.Split(' ')[1] == vendor.Style)));
    }

    [Fact]
    public void Held_out_prompts_name_what_the_model_can_draw()
    {
        var gallery = Gallery.Read(Path.Combine(GoldenData.RepositoryRoot, "models", "emoji-lcm", "gallery"));
        Assert.Subset(gallery.Entries.Select(entry => entry.Text).ToHashSet(StringComparer.Ordinal), Shipped("held-out.txt").ToHashSet(StringComparer.Ordinal));
    }

    private static IReadOnlyList<string> Shipped(string file) => PromptFile.Read(Path.Combine(GoldenData.RepositoryRoot, "configs", "prompts", file));
}
