using System.Text;
using Rlcm.Checkpoints;
using Rlcm.Fuzz.Targets;
using Rlcm.Inspection;
using Rlcm.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Hostile;

/// <summary>Text that is none, keys that are there twice, nests without end: for every reader of text, with the place.</summary>
public sealed class TextTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("prompts", "a\nb\xff", "line 2, offset 3")]
    [InlineData("shard-index", "{\n\"weight_map\": {\"a\": \"b.bin\xff\"}}", "line 2")]
    [InlineData("model-config", "{\n\"a\": \"\xff\"}", "line 2")]
    [InlineData("run-config", "{\n\n\"model\": \"\xff\"}", "line 3, offset 13")]
    [InlineData("tokenizer", "{\"\xff\": 0}", "line 1")]
    [InlineData("tokenizer", "{\"<|startoftext|>\": 0, \"<|endoftext|>\": 1}\0#\n\xff \xff", "line 2, offset 2")]
    [InlineData("word-piece", "[UNK]\n\xff\n\0{}\0{}\0{}", "line 2, offset 6")]
    [InlineData("word-piece", "[UNK]\n[CLS]\n[SEP]\n\0{\n\"a\": \"\xff\"}", "line 2")]
    [InlineData("byte-pairs", "{\"\xff\": 0}", "line 1")]
    [InlineData("adapter-config", "{\"r\": 2,\n\"lora_alpha\": 2, \"\xff\": 1}", "line 2")]
    [InlineData("image-folder", "\n{\"file_name\": \"a.png\", \"text\": \"\xff\"}", "line 2, offset 33")]
    [InlineData("metrics", "{\"update\": 1}\n\xff\n", "line 2, offset 14")]
    [InlineData("loss", "{\"step\": 1}\n\xff\n", "line 2, offset 12")]
    [InlineData("gallery", "[\n\"\xff\"]", "line 2, offset 3")]
    public void Bytes_that_are_no_UTF8_are_refused_with_their_line(string target, string latin1, string? position) =>
        Assert.Equal(position, Refusal(target, Encoding.Latin1.GetBytes(latin1)).Position);

    [Theory]
    [InlineData("shard-index", """{"weight_map": {"a": "b.bin", "a": "b.bin"}}""")]
    [InlineData("model-config", """{"guidance_scale": 8, "num_inference_steps": 4, "guidance_scale": 1}""")]
    [InlineData("run-config", """{"horizon": 8, "horizon": 4}""")]
    [InlineData("tokenizer", """{"<|startoftext|>": 0, "<|endoftext|>": 1, "<|endoftext|>": 2}""")]
    [InlineData("word-piece", "[UNK]\n[CLS]\n[SEP]\n\0{\"do_lower_case\": true, \"do_lower_case\": false}")]
    [InlineData("byte-pairs", """{"<s>": 0, "</s>": 1, "<s>": 2}""")]
    [InlineData("adapter-config", """{"r": 2, "lora_alpha": 2, "r": 4}""")]
    [InlineData("image-folder", """{"file_name": "a.png", "text": "x", "text": "y"}""")]
    [InlineData("metrics", "{\"update\": 1, \"update\": 2}\n")]
    [InlineData("loss", "{\"step\": 1, \"step\": 2}\n")]
    [InlineData("gallery", """[{"shows": "x", "text": "x", "style": "x", "codepoint": "x", "shows": "y"}]""")]
    public void Keys_that_are_there_twice_are_refused(string target, string text) => Refusal(target, Encoding.UTF8.GetBytes(text));

    [Theory]
    [InlineData("shard-index", "{\"weight_map\": {\"a\": ", "}")]
    [InlineData("model-config", "{\"a\": ", "}")]
    [InlineData("run-config", "{\"model\": ", "}")]
    [InlineData("tokenizer", "{\"a\": ", "}")]
    [InlineData("word-piece", "[UNK]\n[CLS]\n[SEP]\n\0{\"a\": ", "}")]
    [InlineData("byte-pairs", "{\"a\": ", "}")]
    [InlineData("image-folder", "{\"file_name\": \"a.png\", \"text\": \"x\", \"other\": ", "}")]
    [InlineData("metrics", "{\"other\": ", "}\n")]
    [InlineData("loss", "{\"other\": ", "}\n")]
    [InlineData("gallery", "[", "]")]
    public void Nests_without_end_are_refused(string target, string start, string end)
    {
        const int Depth = 100_000;
        Refusal(target, Encoding.UTF8.GetBytes($"{start}{new string('[', Depth)}{new string(']', Depth)}{end}"));
    }

    [Theory]
    [InlineData("metrics", "\n\n{}\n", "line 3")]
    [InlineData("metrics", "\n{\"evaluation\": {}}\n", "line 2")]
    [InlineData("loss", "\n{}\n", "line 2")]
    public void Lines_of_another_kind_are_refused_with_their_number(string target, string text, string position) =>
        Assert.Equal(position, Refusal(target, Encoding.UTF8.GetBytes(text)).Position);

    [Theory]
    [InlineData("shard-index", """{"weight_map": {"\ud800": "b.bin"}}""")]
    [InlineData("shard-index", """{"weight_map": {"a": "\udc00"}}""")]
    [InlineData("model-config", """{"hidden_act": "\ud800"}""")]
    [InlineData("run-config", """{"model": "\ud800"}""")]
    [InlineData("run-config", """{"\ud800": 1}""")]
    [InlineData("tokenizer", """{"\ud800": 0}""")]
    [InlineData("byte-pairs", """{"\ud800": 0}""")]
    [InlineData("adapter-config", """{"r": 2, "lora_alpha": 2, "base_model_name_or_path": "\ud800"}""")]
    [InlineData("image-folder", """{"file_name": "a.png", "text": "\ud800"}""")]
    [InlineData("gallery", """[{"shows": "\ud800", "text": "x", "style": "x", "codepoint": "x"}]""")]
    public void Texts_that_escape_half_of_a_character_are_refused(string target, string text) => Refusal(target, Encoding.UTF8.GetBytes(text));

    [Theory]
    [InlineData("shard-index", """{"weight_map": {"a": "\u001b[2J\r\n.bin"}}""")]
    [InlineData("model-config", """{"guidance_scale": 1, "num_inference_steps": 4, "\u001b[2J": "\u001b]0;x\u0007"}""")]
    [InlineData("run-config", """{"\u001b[2J": "\u001b]0;x\u0007"}""")]
    [InlineData("image-folder", """{"file_name": "\u001b[2J\u2028", "text": "x"}""")]
    [InlineData("tokenizer", """{"\u001b[2J": -1}""")]
    [InlineData("word-piece", "\u001b[2J\n\u001b[2J\n\0{}\0{}\0{}")]
    [InlineData("byte-pairs", """{"\u001b[2J": -1}""")]
    public void Letters_that_would_upset_a_terminal_are_not_repeated(string target, string text)
    {
        var message = Refusal(target, Encoding.UTF8.GetBytes(text)).Message;
        Assert.DoesNotContain(message, char.IsControl);
        Assert.Contains("?[2J", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nor_are_they_when_a_file_is_inspected()
    {
        using (NewDisposeScope())
            SafetensorsWriter.Write(_folder["a.safetensors"], [("lora\u001b[2J\n", ones(1))], new Dictionary<string, string>(StringComparer.Ordinal) { ["rlcm.task"] = "\u001b[2J" });
        var found = Assert.Throws<FileContentException>(() => PathInspector.Inspect(_folder["a.safetensors"]));
        Assert.DoesNotContain(found.Message, char.IsControl);
        Assert.Equal("?[2J", new InspectedFact("task", "\u001b[2J").Value);
        Assert.Equal("lora?[2J?", Assert.Single(new InspectedWeights("x", [], [new("lora\u001b[2J\n", ScalarType.Float32, [1])]).Tensors).Name);
    }

    [Fact]
    public void A_message_does_not_grow_with_the_file()
    {
        var message = Refusal("model-config", Encoding.UTF8.GetBytes($$"""{"num_inference_steps": "{{new string('x', 1 << 20)}}", "guidance_scale": 1}""")).Message;
        Assert.InRange(message.Length, 1000, 5000);
    }

    private FileContentException Refusal(string name, byte[] bytes)
    {
        var target = FuzzTargets.All.Single(target => target.Name == name);
        target.Prepare(_folder.Path);
        return Assert.IsType<FileContentException>(target.Try(_folder.Path, bytes));
    }
}
