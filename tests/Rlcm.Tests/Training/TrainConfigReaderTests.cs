using Rlcm.Diffusion;
using Rlcm.Runtime;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Training;

public sealed class TrainConfigReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("quick", "compression")]
    [InlineData("compression", "compression")]
    [InlineData("incompression.json", "incompression")]
    [InlineData("alignment", "alignment")]
    [InlineData("ddpo", "compression")]
    public void Shipped_presets_are_read_by_their_bare_names(string name, string task) => Assert.Equal(task, TrainConfigReader.Read(name, [], []).Task);

    [Fact]
    public void The_preset_of_DDPO_holds_its_numbers()
    {
        var config = TrainConfigReader.Read("ddpo", [], []);
        Assert.Equal(TrainAlgorithm.Ddpo, config.Algorithm);
        Assert.Equal((50, 1.0, 1e-3, 5.0, 1.0, 1e-4), (config.Horizon, config.Eta, config.ClipRange, config.AdvantageClip, config.MaxGradNorm, config.WeightDecay));
        Assert.Equal((AdvantageKind.PerPrompt, 16, 4, LearningRateDecay.None), (config.Advantage, config.BufferSize, config.MinCount, config.LearningRateDecay));
        Assert.Equal(50, BatchArithmetic.Of(config).ScoredSteps);
        Assert.Null(TrainConfigReader.Read("ddpo", [], ["gallery=null"]).Gallery);
    }

    [Fact]
    public void The_papers_preset_holds_the_papers_numbers()
    {
        var config = TrainConfigReader.Read("compression", [], []);
        Assert.Equal(new BatchArithmetic(16, 8, 16, 8, 1000, 8, 16000), BatchArithmetic.Of(config));
        Assert.Equal((8.0, 50, 1e-4, 10.0, 5.0), (config.GuidanceScale, config.OriginSteps, config.ClipRange, config.AdvantageClip, config.MaxGradNorm));
        Assert.Equal((16, 32.0, 1e-4, 16, 16), (config.LoraRank, config.LoraAlpha, config.LearningRate, config.BufferSize, config.MinCount));
        Assert.Equal((768, 768), (config.Height, config.Width));
    }

    [Fact]
    public void Comments_and_trailing_commas_are_allowed()
    {
        var config = Read("// title\n{ /* note */ \"horizon\": 6, // steps\n \"loraTargets\": [\"to_q\", ], }");
        Assert.Equal(6, config.Horizon);
        Assert.Equal(["to_q"], config.LoraTargets);
    }

    [Fact]
    public void Flags_alone_make_a_configuration_of_the_defaults()
    {
        Assert.Equivalent(new TrainConfig { Task = "clip-score", ClipModel = "clip" }, TrainConfigReader.ReadFlags([new("--rewards", "task", "clip-score"), new("--clip-model", "clipModel", "clip")]));
        Assert.Equal([new("--set rewardTimeout", "rewardTimeout", "9"), new("--set bertLayer", "bertLayer", "a=b")], TrainConfigReader.ReadAssignments(["rewardTimeout=9", " bertLayer = a=b"]));
        Assert.Equal(9, TrainConfigReader.ReadFlags(TrainConfigReader.ReadAssignments(["rewardTimeout=9"])).RewardTimeout);
        Assert.Equal("--set 9: expected key=value, such as --set horizon=8.", Assert.Throws<UserErrorException>(() => TrainConfigReader.ReadAssignments(["9"])).Message);
        var error = Assert.Throws<UserErrorException>(() => TrainConfigReader.ReadFlags([new("--rewards", "task", "clip-score")]));
        Assert.StartsWith("--rewards: clipModel: task clip-score needs a CLIP model; download ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_that_are_not_set_keep_their_defaults() => Assert.Equivalent(new TrainConfig { Horizon = 4 }, Read("""{ "horizon": 4 }"""));

    [Fact]
    public void Flags_win_over_the_preset_and_assignments_win_over_flags()
    {
        var config = Read(
            """{ "seed": 1, "updates": 1, "task": "compression", "horizon": 4 }""",
            [new("--seed", "seed", "2"), new("--updates", "updates", "2"), new("--task", "task", "incompression")],
            ["updates=3"]);
        Assert.Equal((2UL, 3, "incompression", 4), (config.Seed, config.Updates, config.Task, config.Horizon));
    }

    [Fact]
    public void Assignments_reach_every_type()
    {
        var config = Read("{}", [], ["height=64", "width=64", "grid=diffusers", "clipRange=2e-4", "loraTargets=to_q,to_k", "seed=18446744073709551615", "model=a=b"]);
        Assert.Equal((64, 64, LcmGrid.Diffusers, 2e-4, ulong.MaxValue, "a=b"), (config.Height, config.Width, config.Grid, config.ClipRange, config.Seed, config.Model));
        Assert.Equal(["to_q", "to_k"], config.LoraTargets);
        Assert.Null(Read("""{ "height": 64, "width": 64 }""", [], ["height=null", "width=null"]).Height);
    }

    [Fact]
    public void A_written_configuration_is_read_back_the_same()
    {
        var config = Read("""{ "finalStep": "asReleased", "advantage": "grouped", "groupSize": 4, "logProb": "sum", "maxGradNorm": 1e5, "height": 64, "width": 72, "prompts": "é.txt" }""");
        TrainConfigReader.Write(config, _folder["config.json"]);
        Assert.Equivalent(config, TrainConfigReader.Read(_folder["config.json"], [], []), strict: true);
        Assert.Contains("\"finalStep\": \"asReleased\"", File.ReadAllText(_folder["config.json"]), StringComparison.Ordinal);
        Assert.Contains("é.txt", File.ReadAllText(_folder["config.json"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_weighted_sum_is_read_from_JSON_and_from_text_and_written_back_the_same()
    {
        var config = Read("""{ "task": "weighted", "rewards": [{ "task": "compression", "weight": 1 }, { "task": "http", "weight": -0.5, "min": 0.1, "max": 0.4 }], "rewardUrl": "http://127.0.0.1:1" }""");
        Assert.Equal([new("compression", 1), new RewardWeight("http", -0.5, 0.1, 0.4)], config.Rewards);
        var text = Read("{}", [new("--reward", "task", "weighted"), new("--reward", "rewards", "compression=1, http=-5e-1:.1..0.4")], ["rewardUrl=http://127.0.0.1:1"]);
        Assert.Equal(config.Rewards, text.Rewards);
        Assert.Equal(config.Rewards, Read("{}", [], ["task=weighted", """rewards=[{"task":"compression","weight":1},{"task":"http","weight":-0.5,"min":0.1,"max":0.4}]""", "rewardUrl=http://127.0.0.1:1"]).Rewards);
        Assert.Equal([new("compression", 2, Max: -1), new RewardWeight("incompression", 1, Min: 3)], Read("{}", [], ["task=weighted", "rewards=compression=2:..-1,incompression=1:3.."]).Rewards);
        TrainConfigReader.Write(config, _folder["config.json"]);
        Assert.Equivalent(config, TrainConfigReader.Read(_folder["config.json"], [], []), strict: true);
    }

    [Theory]
    [InlineData("compression")]
    [InlineData("compression=")]
    [InlineData("compression=1:2")]
    [InlineData("compression=1,")]
    [InlineData("compression=1e999")]
    [InlineData("[]")]
    [InlineData("[null]")]
    [InlineData("""[{"task":"compression"}]""")]
    [InlineData("""[{"task":null,"weight":1}]""")]
    [InlineData("""[{"task":"compression","weight":1,"maximum":2}]""")]
    public void What_is_no_list_of_rewards_is_refused(string text) =>
        Assert.Equal($"--set rewards: expected {RewardWeight.Expected}, found {text}.", Error("{}", [], ["task=weighted", $"rewards={text}"]));

    [Theory]
    [InlineData("rewards=compression=1", "rewards are summed by task weighted alone, found compression")]
    [InlineData("task=weighted", "task weighted sums rewards, and there are none; set rewards, such as --reward compression=1")]
    [InlineData("task=weighted rewards=beauty=1", ": expected rewards among aesthetic, alignment, clip-score, compression, ")]
    [InlineData("task=weighted rewards=weighted=1", ": expected rewards among ")]
    [InlineData("task=weighted rewards=custom=1", ": expected rewards among ")]
    [InlineData("task=weighted rewards=compression=0", ": compression has the weight 0")]
    [InlineData("task=weighted rewards=compression=1:2..1", ": compression counts from min to max")]
    [InlineData("task=weighted rewards=compression=1,compression=2", ": compression is there twice")]
    [InlineData("task=weighted rewards=http=1,vlm-bertscore=1 rewardUrl=http://127.0.0.1:1 bertModel=b", "http and vlm-bertscore would both ask the server at rewardUrl")]
    [InlineData("task=weighted rewards=clip-score=1", "task clip-score needs a CLIP model")]
    [InlineData("clipModel=c", "clipModel belongs to task clip-score or pick-score, and the task is compression; leave it out")]
    [InlineData("task=incompression rewardUrl=http://127.0.0.1:1", "rewardUrl belongs to task http or vlm-bertscore, and the task is incompression")]
    [InlineData("klTarget=1", "the weight that is adapted to klTarget starts at klCoefficient, which is 0")]
    public void Rewards_that_cannot_be_trained_for_are_refused(string assignments, string expected) =>
        Assert.Contains(expected, Error("{}", [], assignments.Split(' ')), StringComparison.Ordinal);

    [Fact]
    public void All_mistakes_are_reported_at_once_each_with_its_place()
    {
        var lines = Error(
            "{\n  \"horizn\": 4,\n  \"clipRange\": \"small\",\n  \"grid\": \"Released\",\n  \"imagesPerUpdate\": 60\n}",
            [new("--seed", "seed", "-1")],
            ["colour=red", "oops"]).Split('\n');
        var path = _folder["preset.json"];
        Assert.Collection(
            lines,
            line => Assert.Equal("The configuration has 7 mistakes:", line),
            line => Assert.Equal("  --set oops: expected key=value, such as --set horizon=8", line),
            line => Assert.Equal($"  {path}:2: unknown key horizn; did you mean horizon?", line),
            line => Assert.Equal($"  {path}:3: clipRange: expected a number above 0 and below 1, found \"small\"", line),
            line => Assert.Equal($"  {path}:4: grid: expected released or diffusers, found \"Released\"", line),
            line => Assert.Equal("  --seed: expected a whole number of at least 0, found -1", line),
            line => Assert.StartsWith("  --set colour: unknown key colour; known are algorithm, task, rewards, aestheticModel, ", line, StringComparison.Ordinal),
            line => Assert.Equal($"  {path}:5: samplingBatch: 60 images per update do not divide into sampling batches of 16; set samplingBatch to 15", line));
    }

    [Theory]
    [InlineData("horizon", "0", "a whole number of at least 1 and at most 1000")]
    [InlineData("horizon", "4.5", "a whole number of at least 1 and at most 1000")]
    [InlineData("horizon", "true", "a whole number of at least 1 and at most 1000")]
    [InlineData("horizon", "null", "a whole number of at least 1 and at most 1000")]
    [InlineData("horizon", "99999999999", "a whole number of at least 1 and at most 1000")]
    [InlineData("height", "4", "a whole number of at least 8 and at most 4096 or null")]
    [InlineData("groupSize", "1", "a whole number of at least 2")]
    [InlineData("evaluateEvery", "0", "a whole number of at least 1")]
    [InlineData("learningRate", "0", "a number above 0 and at most 1")]
    [InlineData("clipRange", "1", "a number above 0 and below 1")]
    [InlineData("guidanceScale", "1e999", "a number of at least 1 and at most 100")]
    [InlineData("task", "\"beauty\"", "compression or incompression or aesthetic or alignment or style or recognized or clip-score or pick-score or vlm-bertscore or http or weighted")]
    [InlineData("model", "\" \"", "text")]
    [InlineData("model", "5", "text")]
    [InlineData("device", "\"tpu\"", "cpu, cuda or cuda:N")]
    [InlineData("trainedWeights", "\"full\"", "lora or unet")]
    [InlineData("finalStep", "\"0\"", "deterministic or asReleased or decoded")]
    [InlineData("loraTargets", "[]", "a list of at least one name")]
    [InlineData("loraTargets", "[1]", "a list of at least one name")]
    [InlineData("loraTargets", "\"to_q\"", "a list of at least one name")]
    [InlineData("seed", "18446744073709551616", "a whole number of at least 0")]
    public void Wrong_types_and_ranges_are_refused(string key, string json, string expected) =>
        Assert.Equal($"{_folder["preset.json"]}:1: {key}: expected {expected}, found {json}.", Error($$"""{ "{{key}}": {{json}} }"""));

    [Theory]
    [InlineData("""{ "horizon": 1 }""", "horizon: a deterministic final step is not scored")]
    [InlineData("""{ "horizon": 4, "scoredSteps": 4 }""", "scoredSteps: expected at most 3, of the 4 steps those that add noise, found 4; lower scoredSteps")]
    [InlineData("""{ "finalStep": "asReleased", "scoredSteps": 1 }""", "scoredSteps: the one scored step would be the last, whose noise is never decoded")]
    [InlineData("""{ "finalStep": "decoded" }""", "finalNoise: a decoded final step explores by its noise, and finalNoise is 0")]
    [InlineData("""{ "finalNoise": 0.3 }""", "finalNoise: finalNoise 0.3 is added only where the final step is decoded")]
    [InlineData("""{ "groupNoise": "branched" }""", "groupNoise: only the images of a group can branch from one start; set advantage to grouped or groupNoise to own")]
    [InlineData("""{ "horizon": 51 }""", "horizon: horizon 51 exceeds the 50 origin steps")]
    [InlineData("""{ "height": 64 }""", "height: only one of height and width is set")]
    [InlineData("""{ "height": 66, "width": 64 }""", "height: expected a multiple of 8, the decoder's scale, found 66; use 64")]
    [InlineData("""{ "height": 64, "width": 71 }""", "width: expected a multiple of 8, the decoder's scale, found 71; use 64")]
    [InlineData("""{ "samplingBatch": 6 }""", "samplingBatch: 16 images per update do not divide into sampling batches of 6; set samplingBatch to 4")]
    [InlineData("""{ "algorithm": "ddpo", "finalStep": "decoded" }""", "finalStep: finalStep belongs to algorithm rlcm, and the algorithm is ddpo; leave it out, or start from a preset of ddpo (ddpo)")]
    [InlineData("""{ "algorithm": "ddpo", "grid": "diffusers" }""", "grid: grid belongs to algorithm rlcm")]
    [InlineData("""{ "algorithm": "ddpo", "horizon": 5, "scoredSteps": 6 }""", "scoredSteps: expected at most the 5 steps of a picture, found 6")]
    [InlineData("""{ "eta": 0.5 }""", "eta: eta belongs to algorithm ddpo, and the algorithm is rlcm")]
    [InlineData("""{ "finalStep": "asReleased", "horizon": 1 }""", "horizon: a single step as released adds no noise")]
    [InlineData("""{ "klThreshold": 0.5 }""", "klCoefficient: divergence above 0.5 is to cost something, and klCoefficient is 0; set klCoefficient to 0.01 or klThreshold to 0")]
    [InlineData("""{ "advantage": "grouped", "groupSize": 8, "minibatches": 4 }""", "minibatches: minibatches hold whole groups, and 4 images do not divide into groups of 8; set minibatches to 2")]
    [InlineData("""{ "minibatches": 3 }""", "minibatches: 16 images per update do not divide into 3 minibatches; set minibatches to 2")]
    [InlineData("""{ "minibatches": 2, "microBatch": 16 }""", "make 8 images per optimizer step, which do not divide into micro-batches of 16; set microBatch to 8")]
    [InlineData("""{ "advantage": "grouped", "groupSize": 3 }""", "groupSize: 16 images per update do not divide into groups of 3; set imagesPerUpdate to a multiple of 3")]
    [InlineData("""{ "bufferSize": 8 }""", "minCount: a buffer of 8 rewards never holds 16; set minCount to 8 or less")]
    [InlineData("""{ "device": "cuda", "dtype": "bf16", "trainedWeights": "unet" }""", "dtype: the small steps of a U-Net that is trained as a whole are lost in bf16; set dtype to fp32 or trainedWeights to lora")]
    [InlineData("""{ "logProb": "sum" }""", "maxGradNorm: the gradient of summed log-probabilities grows")]
    public void Impossible_combinations_are_refused(string json, string expected)
    {
        var message = Error(json);
        Assert.StartsWith(_folder["preset.json"] + ":1: ", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void The_last_origin_of_a_value_is_the_one_reported() =>
        Assert.StartsWith("--set horizon: a deterministic final step ", Error("""{ "horizon": 4 }""", [], ["horizon=1"]), StringComparison.Ordinal);

    [Fact]
    public void A_key_set_twice_in_a_file_is_refused() =>
        Assert.Equal($"{_folder["preset.json"]}:2: seed is set a second time, first at {_folder["preset.json"]}:1; keep one of them.", Error("{ \"seed\": 1,\n\"seed\": 2 }"));

    [Theory]
    [InlineData("{\n\"seed\": 1\n\"updates\": 2 }", ":3: expected JSON")]
    [InlineData("{ \"seed\": 1", ":1: expected JSON")]
    [InlineData("", ":1: expected JSON")]
    [InlineData("{ } { }", ":1: expected JSON")]
    [InlineData("[1]", ": expected an object in braces, found StartArray")]
    public void Files_that_are_no_JSON_object_are_refused_with_the_line(string text, string expected) =>
        Assert.StartsWith(_folder["preset.json"] + expected, Error(text), StringComparison.Ordinal);

    [Fact]
    public void A_file_in_another_encoding_is_refused()
    {
        File.WriteAllBytes(_folder["preset.json"], [.. "{ \"model\": \""u8, 0xE9, .. "\" }"u8]);
        var error = Assert.Throws<FileContentException>(() => TrainConfigReader.Read(_folder["preset.json"], [], []));
        Assert.Contains("is not UTF-8: line 1 holds the byte 0xe9 (offset 12)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_preset_is_refused_with_the_names_of_the_others()
    {
        var error = Assert.Throws<UserErrorException>(() => TrainConfigReader.Read("quickest", [], []));
        Assert.Equal("Cannot find the configuration quickest: there is no such file, and the presets are alignment, compression, compression-512, ddpo, incompression, quick; name one of them or an existing file.", error.Message);
    }

    [Theory]
    [InlineData("horizn", "horizon")]
    [InlineData("LearningRate", "learningRate")]
    [InlineData("zzz", null)]
    public void Misspelt_names_are_guessed_when_they_are_near(string name, string? expected) =>
        Assert.Equal(expected, NearestName.Find(name, ["horizon", "learningRate", "learningRateDecay"]));

    private TrainConfig Read(string json, TrainConfigFlag[]? flags = null, string[]? assignments = null)
    {
        File.WriteAllText(_folder["preset.json"], json);
        return TrainConfigReader.Read(_folder["preset.json"], flags ?? [], assignments ?? []);
    }

    private string Error(string json, TrainConfigFlag[]? flags = null, string[]? assignments = null) =>
        Assert.ThrowsAny<UserErrorException>(() => Read(json, flags, assignments)).Message;
}
