using Rlcm.Rewards.Alignment;
using Rlcm.Runtime;
using Rlcm.Tests.Golden;
using Xunit;

namespace Rlcm.Tests.Rewards.Alignment;

/// <summary>Encoders in folders.</summary>
public sealed class BertScorerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public BertScorerTests()
    {
        foreach (var file in Directory.GetFiles(GoldenData.Shared("bertscore-a/bert")))
            File.WriteAllBytes(_folder[Path.GetFileName(file)], File.ReadAllBytes(file));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_layer_is_an_output_by_name_or_number()
    {
        using var usual = BertScorer.Load(_folder.Path);
        foreach (var layer in (string[])["last_hidden_state", "0"])
        {
            using var scorer = BertScorer.Load(_folder.Path, layer);
            Assert.Equal(usual.Score("a fox", "a red fox"), scorer.Score("a fox", "a red fox"));
        }

        var error = Assert.Throws<FileContentException>(() => BertScorer.Load(_folder.Path, "1"));
        Assert.Equal($"{_folder["model.onnx"]}: expected an output 1, found last_hidden_state; set bertLayer to one of them or to its number from 0.", error.Message);
    }

    [Fact]
    public void Long_texts_are_cut_where_the_model_ends()
    {
        using var scorer = BertScorer.Load(_folder.Path);
        var cats = string.Join(' ', Enumerable.Repeat("cat", 62));
        Assert.Equal(64, scorer.Tokenizer.Encode($"{cats} fox").Length);
        Assert.Equal(1, scorer.Score($"{cats} fox", cats).F1, 1e-6);
    }

    [Fact]
    public void A_text_is_empty_where_nothing_is_left_for_the_encoder()
    {
        using var scorer = BertScorer.Load(_folder.Path);
        Assert.All((string[])["", " \n", "\u200b"], text => Assert.True(scorer.IsEmpty(text)));
        Assert.All((string[])["a", ".", "😀"], text => Assert.False(scorer.IsEmpty(text)));
        Assert.Throws<ArgumentException>(() => scorer.Score("", "a"));
    }

    [Fact]
    public void Scores_are_the_same_from_many_threads()
    {
        using var scorer = BertScorer.Load(_folder.Path);
        string[] texts = ["a fox", "two cats playing chess", "an insect on a bicycle", "snow"];
        var expected = texts.Select(text => scorer.Score(text, "a red fox").Recall).ToArray();
        var scores = new double[100];
        Parallel.For(0, scores.Length, n => scores[n] = scorer.Score(texts[n % texts.Length], "a red fox").Recall);
        Assert.Equal(Enumerable.Range(0, scores.Length).Select(n => expected[n % texts.Length]), scores);
    }

    [Fact]
    public void Rare_words_weigh_more_where_frequencies_are_given()
    {
        using var scorer = BertScorer.Load(_folder.Path);
        string[] references = ["a fox", "a cat"];
        var frequencies = new TokenFrequencies([.. references.Select(scorer.Tokenizer.Encode)]);
        Assert.Equal([0, 0, Math.Log(1.5), 0], scorer.Embed("a fox", frequencies).Weights); // [CLS] a fox [SEP]
        Assert.Equal([0, 1, 1, 0], scorer.Embed("a fox").Weights);
    }

    [Fact]
    public void The_files_of_an_encoder_are_all_that_it_reads()
    {
        File.WriteAllText(_folder["model.onnx.data"], "");
        File.WriteAllText(_folder["README.md"], "");
        Assert.Equal(["model.onnx", "model.onnx.data", "vocab.txt", "tokenizer_config.json", "config.json"], BertScorer.Files(_folder.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(60_000)]
    [InlineData(133_000)]
    public void A_model_that_is_cut_is_refused_in_a_sentence(int length)
    {
        File.WriteAllBytes(_folder["model.onnx"], File.ReadAllBytes(_folder["model.onnx"])[..length]);
        var error = Assert.Throws<FileContentException>(() => BertScorer.Load(_folder.Path)).Message;
        Assert.StartsWith($"{_folder["model.onnx"]}: ONNX Runtime cannot load it (", error, StringComparison.Ordinal);
        Assert.EndsWith("); export the encoder again.", error, StringComparison.Ordinal);
        Assert.DoesNotContain(error, char.IsControl);
    }

    [Theory]
    [InlineData("Identity", true, "expected inputs of Int64 among input_ids, attention_mask and token_type_ids, found input_ids of ONNX_TYPE_SEQUENCE; export the encoder alone.")]
    [InlineData("SequenceConstruct", false, "expected the output last_hidden_state to be [N, S, D] of Single, found ONNX_TYPE_SEQUENCE; choose another one by bertLayer.")]
    public void Inputs_and_outputs_that_are_no_tensors_are_refused(string node, bool isSequence, string expected)
    {
        File.WriteAllBytes(_folder["model.onnx"], OnnxBytes.Model(node, isSequence));
        Assert.Equal($"{_folder["model.onnx"]}: {expected}", Assert.Throws<FileContentException>(() => BertScorer.Load(_folder.Path)).Message);
    }

    [Fact]
    public void A_tokenizer_of_another_model_is_refused_before_anything_is_scored()
    {
        File.AppendAllText(_folder["vocab.txt"], string.Concat(Enumerable.Range(0, 100).Select(n => $"word{n}\n")));
        var error = Assert.Throws<FileContentException>(() => BertScorer.Load(_folder.Path)).Message;
        Assert.Contains("the encoder fails on 3 token ids up to 169 (", error, StringComparison.Ordinal);
        Assert.EndsWith("; take model and tokenizer from one encoder, exported with both axes dynamic.", error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_there_is_named()
    {
        File.Delete(_folder["model.onnx"]);
        Assert.Equal($"Cannot find the encoder {_folder["model.onnx"]}; export it to ONNX under this name.", Assert.Throws<UserErrorException>(() => BertScorer.Load(_folder.Path)).Message);
        Assert.StartsWith($"No encoder at {_folder["vocab.txt"]}: expected a folder ", Assert.Throws<UserErrorException>(() => BertScorer.Files(_folder["vocab.txt"])).Message, StringComparison.Ordinal);
        Assert.StartsWith($"No encoder at {_folder["none"]}: expected a folder with model.onnx ", Assert.Throws<UserErrorException>(() => BertScorer.Load(_folder["none"])).Message, StringComparison.Ordinal);
    }
}
