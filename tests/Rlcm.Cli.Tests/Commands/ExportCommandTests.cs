using Rlcm.Checkpoints;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Models.Unet;
using Rlcm.Runtime;
using Rlcm.Tests;
using Rlcm.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Cli.Tests.Commands;

public sealed class ExportCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;
    private readonly RunFolder _run;

    public ExportCommandTests()
    {
        _model = TinyModels.Write(_folder["model"]);
        _run = RunFolder.Create(_folder["run"]);
        TrainConfigReader.Write(new() { Model = _model, Task = "incompression", Seed = 7 }, _run.Config);
        WriteAdapter(_run.Adapter, seed: 1);
        WriteAdapter(_run.Best, seed: 2);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("peft", "adapter")]
    [InlineData("diffusers", "adapter")]
    [InlineData("kohya", "new/adapter.safetensors")]
    public async Task An_adapter_in_any_format_draws_the_same_picture(string format, string output)
    {
        var expected = await Draw("--adapter", _run.Adapter);
        Assert.Equal($"Wrote 32 layers of rank 2 to {_folder[output]}.\n", await CommandLine.SucceedAsync("export", _run.Path, "--format", format, "--output", _folder[output]));
        Assert.NotEqual(expected, await Draw());
        Assert.Equal(expected, await Draw("--adapter", _folder[output]));
    }

    [Fact]
    public async Task A_merged_model_draws_the_same_picture_without_an_adapter()
    {
        var expected = await Draw("--adapter", _run.Adapter);
        Assert.Equal($"Wrote {_model} with 32 layers merged to {_folder["merged"]}.\n", await CommandLine.SucceedAsync("export", _run.Path, "--format", "merged", "--output", _folder["merged"]));
        Assert.Equal(expected, await Draw("--model", _folder["merged"]));
    }

    [Fact]
    public async Task An_exported_adapter_is_exported_on_with_all_that_is_known_of_it()
    {
        var provenance = AdapterProvenance.Read(_run.Adapter);
        await CommandLine.SucceedAsync("export", _run.Path, "--format", "kohya", "--output", _folder["a.safetensors"]);
        await CommandLine.SucceedAsync("export", _folder["a.safetensors"], "--format", "diffusers", "--output", _folder["b"]);
        await CommandLine.SucceedAsync("export", _folder["b"], "--format", "peft", "--output", _folder["c"]);
        Assert.Equal(provenance, AdapterProvenance.Read(_folder["c"]));
        Assert.Equal(await Draw("--adapter", _run.Adapter), await Draw("--adapter", _folder["c"]));
        await CommandLine.SucceedAsync("export", _folder["c"], "--format", "merged", "--output", _folder["merged"]);
        Assert.Equal(await Draw("--adapter", _run.Adapter), await Draw("--model", _folder["merged"]));
    }

    [Fact]
    public async Task The_best_adapter_of_a_run_is_exported_where_it_is_asked_for()
    {
        await CommandLine.SucceedAsync("export", _run.Path, "--best", "--format", "peft", "--output", _folder["best"]);
        Assert.Equal(await Draw("--adapter", _run.Best), await Draw("--adapter", _folder["best"]));
        Assert.NotEqual(await Draw("--adapter", _run.Adapter), await Draw("--adapter", _folder["best"]));
    }

    [Theory]
    [InlineData("fp16", ScalarType.Float16)]
    [InlineData("bf16", ScalarType.BFloat16)]
    public async Task Weights_are_stored_as_asked_for(string dtype, ScalarType type)
    {
        await CommandLine.SucceedAsync("export", _run.Path, "--format", "kohya", "--dtype", dtype, "--output", _folder["a.safetensors"]);
        await CommandLine.SucceedAsync("export", _run.Path, "--format", "merged", "--dtype", dtype, "--output", _folder["merged"]);
        foreach (var path in (string[])["a.safetensors", "merged/unet/diffusion_pytorch_model.safetensors", "merged/text_encoder/model.safetensors"])
        {
            using var file = SafetensorsFile.Open(_folder[path]);
            Assert.All(file.Entries, entry => Assert.Equal(type, entry.Dtype));
        }

        await Draw("--adapter", _folder["a.safetensors"]);
        await Draw("--model", _folder["merged"]);
    }

    [Fact]
    public async Task An_adapter_without_metadata_gets_what_its_run_and_its_model_say()
    {
        WriteAdapter(_run.Adapter, seed: 1, new());
        await CommandLine.SucceedAsync("export", _run.Path, "--format", "kohya", "--output", _folder["a.safetensors"]);
        Assert.Equal(new() { BaseModel = _model, Task = "incompression", Seed = 7 }, AdapterProvenance.Read(_folder["a.safetensors"]));
        await CommandLine.SucceedAsync("export", _run.Adapter, "--model", _model, "--format", "kohya", "--output", _folder["b.safetensors"]);
        Assert.Equal(new() { BaseModel = _model, BaseUnetSha256 = UnetHash(_model) }, AdapterProvenance.Read(_folder["b.safetensors"]));
        var error = await CommandLine.RefusedAsync("export", _run.Adapter, "--format", "merged", "--output", _folder["merged"]);
        Assert.Equal($"{_run.Adapter} does not say what it was made for, which is needed to merge it: give the folder of its base model as --model.", error);
    }

    /// <summary>A diffusion model with an LCM-LoRA is a consistency model without guidance embedding, which diffusers draws with by Stable Diffusion's pipeline.</summary>
    [Fact]
    public async Task A_base_with_an_LCM_LoRA_is_merged_with_both()
    {
        var diffusion = TinyModels.Write(_folder["diffusion"], SchedulerConfig.Ddim);
        const string Module = "mid_block_attentions_0_transformer_blocks_0_attn1_to_q";
        using (NewDisposeScope())
            SafetensorsWriter.Write(_folder["lcm.safetensors"], [($"lora_unet_{Module}.lora_down.weight", ones(1, 16)), ($"lora_unet_{Module}.lora_up.weight", ones(16, 1))]);
        TrainConfigReader.Write(new() { Model = diffusion, LcmLora = _folder["lcm.safetensors"], GuidanceScale = 1 }, _run.Config);
        WriteAdapter(_run.Adapter, seed: 1, new());
        await CommandLine.SucceedAsync("export", _run.Path, "--format", "merged", "--output", _folder["merged"]);

        using var scope = NewDisposeScope();
        using var expected = TextToImageModel.Load(diffusion, _folder["lcm.safetensors"]);
        using var adapters = AdapterFile.Load(expected.Unet, _run.Adapter);
        using var merged = TextToImageModel.Load(_folder["merged"]);
        Assert.Equal((expected.Scheduler, expected.Generation), (merged.Scheduler, merged.Generation));
        Assert.Contains("\"_class_name\": \"StableDiffusionPipeline\"", File.ReadAllText(_folder["merged/model_index.json"]), StringComparison.Ordinal);
        UNetInput input = new(ones(1, 4, 4, 4), full(1, 499L, ScalarType.Int64), expected.EncodePrompts(["a cat"]), null);
        Assert.InRange((expected.Unet.forward(input) - merged.Unet.forward(input)).abs().max().ToDouble(), 0, 1e-6);

        // The LCM-LoRA belongs to the base that the run names, not to another one.
        var (code, _, error) = await CommandLine.RunAsync("export", _run.Path, "--format", "merged", "--model", _folder["merged"], "--output", _folder["again"]);
        Assert.True(code == ExitCode.Success, error);

        File.Delete(_folder["lcm.safetensors"]);
        Assert.StartsWith($"Cannot find the LCM-LoRA {_folder["lcm.safetensors"]}, ", await CommandLine.RefusedAsync("export", _run.Path, "--format", "merged", "--output", _folder["other"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sample --prompt cat --output OUT.png --adapter ADAPTER")]
    [InlineData("export ADAPTER --format merged --output OUT")]
    [InlineData("export RUN --format kohya --output OUT.safetensors")]
    public async Task A_model_that_the_adapter_was_not_made_for_is_named_beside_its_own(string command)
    {
        var other = TinyModels.Write(_folder["other"]);
        using (var model = TextToImageModel.Load(other))
        using (no_grad())
        {
            using var weight = model.Unet.state_dict()["conv_out.bias"];
            weight.fill_(0.5);
            model.Save(other, ScalarType.Float32, Path.Combine(other, "tokenizer"));
        }

        var arguments = command.Replace("OUT", _folder["out"], StringComparison.Ordinal).Replace("ADAPTER", _run.Adapter, StringComparison.Ordinal).Replace("RUN", _run.Path, StringComparison.Ordinal);
        var (code, _, error) = await CommandLine.RunAsync([.. arguments.Split(' '), "--model", other]);
        Assert.Equal(ExitCode.Success, code);
        Assert.Equal(
            $"{_run.Adapter} was made for {_model} (U-Net {UnetHash(_model)[..12]}), found {other} with another U-Net ({UnetHash(other)[..12]}): its pictures will be other than those it was tuned for.\n", error);
    }

    [Theory]
    [InlineData("--format kohia --output OUT", "--format: expected one of peft, diffusers, kohya, merged, found kohia; did you mean kohya?")]
    [InlineData("--format onnx --output OUT", "--format: expected one of peft, diffusers, kohya, merged, found onnx.")]
    [InlineData("--format peft --dtype f16 --output OUT", "--dtype: expected one of fp32, fp16, bf16, found f16; did you mean fp16?")]
    [InlineData("--format kohya --output OUT", "--output: expected a file F.safetensors for kohya, found OUT.")]
    [InlineData("--format merged --output OUT.safetensors", "--output: expected a folder for merged, found OUT.safetensors.")]
    [InlineData("--format kohya --output OUT.safetensors --model none", "Cannot find the model none: ")]
    [InlineData("--format merged --output OUT --model none", "Cannot find the model none: ")]
    [InlineData("--format kohya --output FULL.safetensors", "The output FULL.safetensors is there already, expected a new file; choose another --output or remove the file.")]
    [InlineData("--format merged --output FULL", "The output folder FULL is not empty, expected a new or empty one; ")]
    public async Task What_cannot_be_done_is_refused_and_nothing_is_written(string command, string expected)
    {
        File.WriteAllText(_folder["full.safetensors"], "mine");
        Directory.CreateDirectory(_folder["full/inner"]);
        string Placed(string text) => text.Replace("OUT", _folder["out"], StringComparison.Ordinal).Replace("FULL", _folder["full"], StringComparison.Ordinal);
        var before = Everything();
        Assert.StartsWith(Placed(expected), await CommandLine.RefusedAsync(["export", _run.Path, .. Placed(command).Split(' ')]), StringComparison.Ordinal);
        Assert.Equal(before, Everything());
        Assert.Equal("mine", File.ReadAllText(_folder["full.safetensors"]));
    }

    [Fact]
    public async Task A_run_without_the_adapter_asked_for_is_refused_with_what_to_do()
    {
        Directory.Delete(_run.Adapter, recursive: true);
        Assert.Equal(
            $"The run {_run.Path} has no adapter yet: expected the folder {_run.Adapter}; it is written when training ends or is stopped with Ctrl-C, --best exports the best so far.",
            await Refused(_run.Path));
        Directory.Delete(_run.Best, recursive: true);
        Assert.EndsWith("it is written when training ends or is stopped with Ctrl-C.", await Refused(_run.Path), StringComparison.Ordinal);
        Assert.Equal($"The run {_run.Path} has no best adapter yet: expected the folder {_run.Best}; it is written by the first evaluation.", await Refused(_run.Path, "--best"));
    }

    [Fact]
    public async Task Something_that_is_neither_run_nor_adapter_is_refused()
    {
        Assert.StartsWith($"No adapter at {_folder["none"]}: expected a folder with adapter_config.json", await Refused(_folder["none"]), StringComparison.Ordinal);
        Assert.StartsWith($"{_folder.Path} holds no adapter: expected adapter_config.json", await Refused(_folder.Path), StringComparison.Ordinal);
        Assert.Equal($"{_model} is a whole model, expected an adapter; --model of rlcm sample and rlcm evaluate takes it.", await Refused(_model));
        Assert.Equal($"--best: expected a run's folder, found {_run.Adapter}, which holds no config.json; leave --best out, or name the run.", await Refused(_run.Adapter, "--best"));
    }

    [Fact]
    public async Task An_adapter_of_another_architecture_cannot_be_merged()
    {
        var wide = TinyModels.Write(_folder["wide"], width: 24);
        Assert.Contains("it was made for another base model", await CommandLine.RefusedAsync("export", _run.Path, "--format", "merged", "--model", wide, "--output", _folder["merged"]), StringComparison.Ordinal);
        Assert.False(Path.Exists(_folder["merged"]));
    }

    [Fact]
    public async Task A_weight_that_does_not_fit_the_type_is_named_and_nothing_is_left()
    {
        using (NewDisposeScope())
            AdapterFile.Save(new(new Dictionary<string, (Tensor, Tensor)> { ["conv_in"] = (full(2, 4, 3, 3, 1e5f), ones(8, 2, 1, 1)) }, 2, 2), AdapterFormat.Peft, _folder["large"], ScalarType.Float32, new());
        var before = Everything();
        foreach (var format in (string[])["peft", "merged"])
        {
            var error = await CommandLine.RefusedAsync("export", _folder["large"], "--format", format, "--model", _model, "--dtype", "fp16", "--output", _folder["out"]);
            Assert.Matches(@"^Tensor '.*conv_in.*' holds values up to .*, expected at most 65504, .*; choose bf16 or fp32\.$", error);
            Assert.Equal(before, Everything());
        }
    }

    private async Task<string> Refused(string source, params string[] more)
    {
        var error = await CommandLine.RefusedAsync(["export", source, "--format", "peft", "--output", _folder["out"], .. more]);
        Assert.False(Path.Exists(_folder["out"]));
        return error;
    }

    private async Task<byte[]> Draw(params string[] with)
    {
        string[] model = with.Contains("--model") ? [] : ["--model", _model];
        await CommandLine.SucceedAsync(["sample", "--prompt", "a cat", "--output", _folder["cat.png"], .. model, .. with]);
        return PngFile.Read(_folder["cat.png"]).Pixels;
    }

    private void WriteAdapter(string folder, ulong seed, AdapterProvenance? provenance = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = TextToImageModel.Load(_model);
        using var adapters = LoraAdapters.Create(model.Unet, ["to_q", "to_k", "to_v", "to_out.0"], rank: 2, alpha: 4, seed);
        foreach (var item in adapters.Items)
            item.B.fill_(0.3);
        PeftAdapter.Save(adapters, folder, provenance ?? new() { BaseModel = _model, BaseUnetSha256 = WeightsHash.Sha256(model.Unet), Task = "incompression", Seed = 7, Version = RunManifest.RlcmVersion });
    }

    private static string UnetHash(string folder)
    {
        using var model = TextToImageModel.Load(folder);
        return WeightsHash.Sha256(model.Unet);
    }

    private string[] Everything() => [.. Directory.GetFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
