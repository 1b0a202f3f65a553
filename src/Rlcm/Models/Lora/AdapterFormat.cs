namespace Rlcm.Models.Lora;

/// <summary>Whose names and files an adapter has.</summary>
public enum AdapterFormat
{
    /// <summary>A folder with <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>, as a run writes it.</summary>
    Peft,

    /// <summary>A folder with <c>pytorch_lora_weights.safetensors</c>, for diffusers' <c>load_lora_weights</c>.</summary>
    Diffusers,

    /// <summary>One safetensors file, for ComfyUI, A1111's web UI and stable-diffusion.cpp.</summary>
    Kohya,
}
